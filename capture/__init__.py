"""The camera agent: captures pictures from cameras, files and streams, and publishes them.

`sources` yields pictures, `agent.camera_loop` captures them at their interval into the bounded
`publish.buffer`, `publish.publisher` sends them to Kafka through `publish.kafka_producer`; `agent` runs every
camera of `cameras.toml`, and `results` shows what was detected. The capture loop never touches the network.
"""
