"""Checks of the broker: its topics, and a message through it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from lake.config.kafka_address import Address, client_options
from lake.contracts.wire_format import TOPIC_PARTITIONS, TOPICS
from lake.kafka.client import translate_error
from stack.kafka.broker import why_not_ready
from stack.kafka.topics import Configs, few_copies, partitions_of

TIMEOUT_MS = 10_000
SCRATCH = "doctor-"
"""Prefix of scratch topics."""


class ProbeError(ConnectionError):
    """A message did not come through the broker."""


def topics_that_differ(
    bootstrap: Address,
    topics: Configs = TOPICS,
    frames_partitions: int = TOPIC_PARTITIONS,
    copies: int | None = None,
) -> list[str]:
    """Return what is wrong with the topics, one sentence each; empty if nothing is.

    Args:
        bootstrap: host:port of one broker or more.
        topics: expected configuration.
        frames_partitions: expected partitions of the frames topic.
        copies: expected replicas of each; None if not set.

    Raises:
        ProbeError: nobody answers at `bootstrap`.
    """
    if reason := why_not_ready(bootstrap):
        raise ProbeError(reason)
    with KafkaAdminClient(**client_options(bootstrap), bootstrap_timeout_ms=TIMEOUT_MS) as admin:
        described = [topic for topic in admin.describe_topics() if topic["name"] in topics]
        present = {topic["name"]: len(topic["partitions"]) for topic in described}
        problems = [f"topic {name} is missing" for name in topics if name not in present]
        existing = [name for name in topics if name in present]
        wanted = {name: partitions_of(name, frames_partitions) for name in existing}
        problems += [f"{name} has {present[name]} of {wanted[name]} partitions"
                  for name in existing if present[name] < wanted[name]]  # fmt: skip
        problems += [*few_copies(described, copies), *lagging_copies(described)]
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, list(topics[name])) for name in existing]
        current = admin.describe_configs(resources, config_filter="all")["topic"] if resources else {}
    for name in existing:
        for key, value in topics[name].items():
            if current[name][key]["value"] != value:
                problems.append(f"{name} has {key}={current[name][key]['value']} instead of {value}")
    return problems


def lagging_copies(described: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return topics with a replica out of sync, one sentence each."""
    return [
        f"a copy of topic {topic['name']} is not in step: is a broker away?"
        for topic in described
        if any(len(part["isr_nodes"]) < len(part["replica_nodes"]) for part in topic["partitions"])
    ]


def round_trip(bootstrap: Address) -> None:
    """Send a message through a scratch topic and read it back.

    Raises:
        ProbeError: it did not come back.
    """
    with scratch_topic(bootstrap) as topic:
        came_back = _send_and_read(bootstrap, topic)
    if not came_back:
        raise ProbeError(f"a message sent to {bootstrap} did not come back within {TIMEOUT_MS // 1000} s")


@contextmanager
def scratch_topic(bootstrap: Address) -> Iterator[str]:
    """Create a topic, yield its name, and delete it afterwards.

    Raises:
        ProbeError: nobody answers at `bootstrap`, or the broker refuses.
    """
    if reason := why_not_ready(bootstrap):
        raise ProbeError(reason)
    topic = f"{SCRATCH}{uuid.uuid4().hex[:12]}"
    try:
        with KafkaAdminClient(**client_options(bootstrap), bootstrap_timeout_ms=TIMEOUT_MS) as admin:
            new = {topic: {"num_partitions": 1}}  # with the broker's default number of copies
            admin.create_topics(new, wait_for_metadata=True)
            try:
                yield topic
            finally:
                with suppress(KafkaError):  # of a broker that went away meanwhile, which other checks report
                    admin.delete_topics([topic])
    except KafkaError as error:
        raise ProbeError(
            f"a message through {bootstrap} failed: {translate_error(error, bootstrap)}"
        ) from error


def _send_and_read(bootstrap: Address, topic: str) -> bool:
    with KafkaProducer(**client_options(bootstrap), bootstrap_timeout_ms=TIMEOUT_MS) as producer:
        producer.send(topic, value=b"doctor", partition=0).get(timeout=TIMEOUT_MS / 1000)
    consumer = KafkaConsumer(
        **client_options(bootstrap),
        bootstrap_timeout_ms=TIMEOUT_MS,
        consumer_timeout_ms=TIMEOUT_MS,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return next((record.value for record in consumer), None) == b"doctor"
    finally:
        consumer.close()
