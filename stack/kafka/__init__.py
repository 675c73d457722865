"""The embedded Kafka broker and its topics."""
