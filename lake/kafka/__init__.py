"""Connection check of Kafka, and what the broker itself reports."""
