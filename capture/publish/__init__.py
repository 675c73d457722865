"""From the buffer to Kafka, and what the agent tells of its cameras."""
