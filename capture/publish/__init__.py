"""From the buffer to Kafka: frames, and the status of the cameras."""
