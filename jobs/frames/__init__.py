"""From a Kafka record to its outcome: shared by the speed and the batch layer."""
