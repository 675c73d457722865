"""What the broker itself says: ids of topics and their offsets, read apart from any table."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

CONNECT_S: Final = 5.0
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
    with _said_away(bootstrap):
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap, bootstrap_timeout_ms=5000, request_timeout_ms=5000
        )
        try:
            found = {topic["name"]: topic for topic in admin.describe_topics() if not topic["error_code"]}
        finally:
            admin.close()
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
    with _consumer(bootstrap) as consumer:
        parts = _partitions(consumer, topic)
        first, last = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
    return {part.partition: (first[part], last[part]) for part in parts}


def first_appended(bootstrap: str, topic: str) -> datetime | None:
    """Append time of the oldest record that is kept, UTC; None when none is.

    Raises:
        BrokerAwayError: nobody answers at `bootstrap`.
    """
    with _consumer(bootstrap) as consumer:
        found = consumer.offsets_for_times(dict.fromkeys(_partitions(consumer, topic), 0))
    times = [_moment(record.timestamp) for record in found.values() if record]
    return min(times, default=None)


def offsets_at(bootstrap: str, topic: str, moments: Iterable[datetime]) -> dict[datetime, Mapping[int, int]]:
    """Moment → partition → offset of the first record appended then or later, or else the next free one.

    Raises:
        BrokerAwayError: nobody answers at `bootstrap`.
    """
    with _consumer(bootstrap) as consumer:
        parts = _partitions(consumer, topic)
        # Asked before the times: where no record is as late as a moment, none up to this end is.
        ends = consumer.end_offsets(parts)
        found = {
            moment: consumer.offsets_for_times(dict.fromkeys(parts, _milliseconds(moment)))
            for moment in moments
        }
    return {
        moment: {part.partition: at[part].offset if at.get(part) else ends[part] for part in parts}
        for moment, at in found.items()
    }


def _partitions(consumer: KafkaConsumer, topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]


def _milliseconds(moment: datetime) -> int:
    return round((moment - EPOCH).total_seconds() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


@contextmanager
def _consumer(bootstrap: str) -> Iterator[KafkaConsumer]:
    with _said_away(bootstrap):
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap, bootstrap_timeout_ms=5000, request_timeout_ms=10000
        )
        try:
            yield consumer
        finally:
            consumer.close()


@contextmanager
def _said_away(bootstrap: str) -> Iterator[None]:
    """Knock first, since a client that finds nobody tries for seconds and leaves sockets open.

    Raises:
        BrokerAwayError: nobody listens, or what listens does not answer as Kafka does.
    """
    host, _, port = bootstrap.split(",")[0].strip().rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
        yield
    except (KafkaError, OSError) as error:
        raise BrokerAwayError(f"no Kafka answers at {bootstrap}: is it running? ({error})") from error
