"""Settings, where they come from, and where lake and Kafka are."""
