"""A close look at the broker: are its topics right, and does a message come through?"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from lake.contracts import TOPIC_PARTITIONS, TOPICS
from stack.broker import is_ready
from stack.topics import Configs

TIMEOUT_MS = 10_000


class ProbeError(ConnectionError):
    """A message did not come through the broker."""


def topics_that_differ(bootstrap: str, topics: Configs = TOPICS) -> list[str]:
    """What is wrong with the topics, one sentence each; empty when all is right.

    Raises:
        ProbeError: nobody answers at `bootstrap`.
    """
    if not is_ready(bootstrap):
        raise ProbeError(f"nobody answers at {bootstrap}")
    with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=TIMEOUT_MS) as admin:
        present = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
        wrong = [f"topic {name} is missing" for name in topics if name not in present]
        known = [name for name in topics if name in present]
        wrong += [f"{name} has one partition" for name in known if present[name] < TOPIC_PARTITIONS]
        asked = [ConfigResource(ConfigResourceType.TOPIC, name, list(topics[name])) for name in known]
        found = admin.describe_configs(asked, config_filter="all")["topic"] if asked else {}
    for name in known:
        for key, value in topics[name].items():
            if found[name][key]["value"] != value:
                wrong.append(f"{name} has {key}={found[name][key]['value']} instead of {value}")
    return wrong


def round_trip(bootstrap: str) -> None:
    """Send a message through a scratch topic and read it back.

    Raises:
        ProbeError: it did not come back.
    """
    with scratch_topic(bootstrap) as topic:
        came_back = _send_and_read(bootstrap, topic)
    if not came_back:
        raise ProbeError(f"a message sent to {bootstrap} did not come back within {TIMEOUT_MS // 1000} s")


@contextmanager
def scratch_topic(bootstrap: str) -> Iterator[str]:
    """The name of a new topic, which is deleted afterwards.

    Raises:
        ProbeError: nobody answers at `bootstrap`, or the broker refuses.
    """
    if not is_ready(bootstrap):
        raise ProbeError(f"nobody answers at {bootstrap}")
    topic = f"doctor-{uuid.uuid4().hex[:12]}"
    try:
        with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=TIMEOUT_MS) as admin:
            new = {topic: {"num_partitions": 1, "replication_factor": 1}}
            admin.create_topics(new, wait_for_metadata=True)
            try:
                yield topic
            finally:
                with suppress(KafkaError):  # of a broker that went away meanwhile, which other checks tell
                    admin.delete_topics([topic])
    except KafkaError as error:
        raise ProbeError(f"a message through {bootstrap} failed: {error}") from error


def _send_and_read(bootstrap: str, topic: str) -> bool:
    with KafkaProducer(bootstrap_servers=bootstrap, bootstrap_timeout_ms=TIMEOUT_MS) as producer:
        producer.send(topic, value=b"doctor", partition=0).get(timeout=TIMEOUT_MS / 1000)
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
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
