"""Settings, their sources, and the locations of lake and Kafka."""
