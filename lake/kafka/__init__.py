"""The first contact with Kafka, and what the broker itself says."""
