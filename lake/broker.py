"""What the broker itself says: ids of topics and their offsets, read apart from any table."""

from __future__ import annotations

from collections.abc import Iterable

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError


class BrokerAwayError(ConnectionError):
    """The broker does not answer."""


class TopicMissingError(LookupError):
    """A topic that should exist does not."""


def topic_ids(bootstrap: str, topics: Iterable[str]) -> dict[str, str]:
    """The UUID of each topic.

    Raises:
        BrokerAwayError: nobody answers at `bootstrap`.
        TopicMissingError: one of the topics does not exist.
    """
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap, bootstrap_timeout_ms=5000, request_timeout_ms=5000
        )
        try:
            found = {topic["name"]: topic for topic in admin.describe_topics() if not topic["error_code"]}
        finally:
            admin.close()
    except (KafkaError, OSError) as error:
        raise BrokerAwayError(f"no Kafka answers at {bootstrap}: is it running? ({error})") from error
    missing = sorted(set(topics) - set(found))
    if missing:
        raise TopicMissingError(
            f"Kafka at {bootstrap} has no topic {', '.join(missing)}: run ./pycturestream up"
        )
    return {topic: str(found[topic]["topic_id"]) for topic in topics}


def offsets(bootstrap: str, topic: str) -> dict[int, tuple[int, int]]:
    """First kept and next free offset of each partition.

    Raises:
        BrokerAwayError: nobody answers at `bootstrap`.
    """
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap, bootstrap_timeout_ms=5000, request_timeout_ms=10000
        )
        try:
            parts = [
                TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())
            ]
            first, last = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
        finally:
            consumer.close()
    except (KafkaError, OSError) as error:
        raise BrokerAwayError(f"no Kafka answers at {bootstrap}: is it running? ({error})") from error
    return {part.partition: (first[part], last[part]) for part in parts}
