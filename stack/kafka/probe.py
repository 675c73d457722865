"""A close look at the broker: are its topics right, and does a message come through?"""

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
from lake.kafka.client import explained
from stack.kafka.broker import why_not_ready
from stack.kafka.topics import Configs, few_copies, partitions_of

TIMEOUT_MS = 10_000
SCRATCH = "doctor-"
"""How the names of topics begin that are only tried."""


class ProbeError(ConnectionError):
    """A message did not come through the broker."""


def topics_that_differ(
    bootstrap: Address,
    topics: Configs = TOPICS,
    frames_partitions: int = TOPIC_PARTITIONS,
    copies: int | None = None,
) -> list[str]:
    """What is wrong with the topics, one sentence each; empty when all is right.

    Args:
        bootstrap: host:port of one broker or more.
        topics: what they are to be.
        frames_partitions: of the frames topic.
        copies: how many brokers are to keep each; None when nobody said.

    Raises:
        ProbeError: nobody answers at `bootstrap`.
    """
    if why := why_not_ready(bootstrap):
        raise ProbeError(why)
    with KafkaAdminClient(**client_options(bootstrap), bootstrap_timeout_ms=TIMEOUT_MS) as admin:
        described = [topic for topic in admin.describe_topics() if topic["name"] in topics]
        present = {topic["name"]: len(topic["partitions"]) for topic in described}
        wrong = [f"topic {name} is missing" for name in topics if name not in present]
        known = [name for name in topics if name in present]
        wanted = {name: partitions_of(name, frames_partitions) for name in known}
        wrong += [f"{name} has {present[name]} of {wanted[name]} partitions"
                  for name in known if present[name] < wanted[name]]  # fmt: skip
        wrong += [*few_copies(described, copies), *lagging_copies(described)]
        asked = [ConfigResource(ConfigResourceType.TOPIC, name, list(topics[name])) for name in known]
        found = admin.describe_configs(asked, config_filter="all")["topic"] if asked else {}
    for name in known:
        for key, value in topics[name].items():
            if found[name][key]["value"] != value:
                wrong.append(f"{name} has {key}={found[name][key]['value']} instead of {value}")
    return wrong


def lagging_copies(described: Iterable[Mapping[str, Any]]) -> list[str]:
    """Topics of which a copy lags behind or is on a broker that is away, one sentence each."""
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
    """The name of a new topic, which is deleted afterwards.

    Raises:
        ProbeError: nobody answers at `bootstrap`, or the broker refuses.
    """
    if why := why_not_ready(bootstrap):
        raise ProbeError(why)
    topic = f"{SCRATCH}{uuid.uuid4().hex[:12]}"
    try:
        with KafkaAdminClient(**client_options(bootstrap), bootstrap_timeout_ms=TIMEOUT_MS) as admin:
            new = {topic: {"num_partitions": 1}}  # as many copies as the broker makes unless told
            admin.create_topics(new, wait_for_metadata=True)
            try:
                yield topic
            finally:
                with suppress(KafkaError):  # of a broker that went away meanwhile, which other checks tell
                    admin.delete_topics([topic])
    except KafkaError as error:
        raise ProbeError(f"a message through {bootstrap} failed: {explained(error, bootstrap)}") from error


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
