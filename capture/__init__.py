"""The camera agent: takes pictures from cameras, files and streams, and publishes them.

`sources` gives pictures, `camera_loop` takes them at their pace into a bounded `buffer`, `publisher`
hands them to Kafka through `broker`; `agent` keeps every camera of `cameras.toml` going, and
`results` shows what was found. The capture loop never touches the network.
"""
