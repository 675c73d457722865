"""From a Kafka record to its outcome: what layers of detection share."""
