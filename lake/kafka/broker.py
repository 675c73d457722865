"""Metadata from the broker itself: ids of topics and their offsets, independent of any table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import AuthorizationError, for_code

from lake.config.kafka_address import Address, as_kafka, client_options
from lake.kafka.client import BrokerRefusedError, check_visible, forbidden, format_topics, kafka_errors

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class TopicMissingError(LookupError):
    """A required topic does not exist."""


def topic_ids(bootstrap: Address, topics: Iterable[str]) -> dict[str, str]:
    """Return the UUID of each topic.

    Raises:
        BrokerAwayError: nobody answers at `bootstrap`, or it refuses.
        TopicMissingError: one of the topics does not exist.
    """
    names = sorted(set(topics))
    descriptions = _describe(bootstrap, names)
    missing = [name for name in names if descriptions[name]["error_code"]]
    if missing:
        raise TopicMissingError(
            f"Kafka at {bootstrap} has no topic {', '.join(missing)}: run ./pycturestream up"
        )
    return {topic: str(descriptions[topic]["topic_id"]) for topic in names}


def check_rights(bootstrap: Address, needed: Mapping[str, Iterable[str]]) -> None:
    """Check that this login has all rights a program needs, before it starts to work.

    Args:
        bootstrap: where the broker is; one without security allows everything.
        needed: topic → operations as Kafka names them, for example READ.

    Raises:
        BrokerAwayError: nobody answers at `bootstrap`.
        BrokerRefusedError: something is not allowed; the message names it.
    """
    if as_kafka(bootstrap).login is None:
        return
    descriptions = _describe(bootstrap, sorted(needed))
    lacking = [
        f"{operation} on topic {name}"
        for name, operations in sorted(needed.items())
        for operation in operations
        if operation not in descriptions[name]["authorized_operations"]
    ]
    if lacking:
        raise BrokerRefusedError(forbidden(bootstrap, ", ".join(lacking)))


def _describe(bootstrap: Address, topics: list[str]) -> dict[str, dict[str, Any]]:
    """Return topic → its description by the broker."""
    with kafka_errors(bootstrap):
        admin = KafkaAdminClient(
            **client_options(bootstrap), bootstrap_timeout_ms=5000, request_timeout_ms=5000
        )
        try:
            descriptions = {topic["name"]: topic for topic in admin.describe_topics(topics)}
        finally:
            admin.close()
    hidden = [
        name for name in topics if issubclass(for_code(descriptions[name]["error_code"]), AuthorizationError)
    ]
    if hidden:
        raise BrokerRefusedError(forbidden(bootstrap, format_topics(hidden)))
    return descriptions


def offsets(bootstrap: Address, topic: str) -> dict[int, tuple[int, int]]:
    """Return the first kept and the next free offset of each partition.

    Raises:
        BrokerAwayError: nobody answers at `bootstrap`.
    """
    with _consumer(bootstrap) as consumer:
        parts = _partitions(consumer, bootstrap, topic)
        first, last = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
    return {part.partition: (first[part], last[part]) for part in parts}


def first_appended(bootstrap: Address, topic: str) -> datetime | None:
    """Return the append time of the oldest record kept, UTC; None without records.

    Raises:
        BrokerAwayError: nobody answers at `bootstrap`.
    """
    with _consumer(bootstrap) as consumer:
        first_records = consumer.offsets_for_times(dict.fromkeys(_partitions(consumer, bootstrap, topic), 0))
    times = [_moment(record.timestamp) for record in first_records.values() if record]
    return min(times, default=None)


def offsets_at(
    bootstrap: Address, topic: str, moments: Iterable[datetime]
) -> dict[datetime, Mapping[int, int]]:
    """Return moment → partition → offset of the first record appended then or later, or the next free one.

    Raises:
        BrokerAwayError: nobody answers at `bootstrap`.
    """
    with _consumer(bootstrap) as consumer:
        parts = _partitions(consumer, bootstrap, topic)
        # Asked before the times: where no record is as late as a moment, none up to this end is.
        ends = consumer.end_offsets(parts)
        positions = {
            moment: consumer.offsets_for_times(dict.fromkeys(parts, _milliseconds(moment)))
            for moment in moments
        }
    return {
        moment: {part.partition: at[part].offset if at.get(part) else ends[part] for part in parts}
        for moment, at in positions.items()
    }


def _partitions(consumer: KafkaConsumer, bootstrap: Address, topic: str) -> list[TopicPartition]:
    """Return the topic's partitions; none where an open broker has no such topic."""
    numbers = sorted(consumer.partitions_for_topic(topic) or ())
    check_visible(bootstrap, [topic], [topic] if numbers else [])
    return [TopicPartition(topic, number) for number in numbers]


def _milliseconds(moment: datetime) -> int:
    return round((moment - EPOCH).total_seconds() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


@contextmanager
def _consumer(bootstrap: Address) -> Iterator[KafkaConsumer]:
    with kafka_errors(bootstrap):
        consumer = KafkaConsumer(
            **client_options(bootstrap), bootstrap_timeout_ms=5000, request_timeout_ms=10000
        )
        try:
            yield consumer
        finally:
            consumer.close()
