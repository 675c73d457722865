"""Give a broker the topics of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from lake.contracts import TOPIC_PARTITIONS, TOPICS

TIMEOUT_MS: Final = 30_000


Configs = Mapping[str, Mapping[str, str]]
"""Topic → configuration."""


def create_topics(bootstrap: str, topics: Configs = TOPICS) -> None:
    """Make what is missing: topics, partitions and configuration; nothing is ever deleted.

    May run at any time and more than once at a time.

    Args:
        bootstrap: a broker's host:port.
        topics: what they are to be.

    Raises:
        KafkaError: the broker is away, or refuses.
    """
    with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=TIMEOUT_MS) as admin:
        present = set(admin.list_topics())
        for name, configs in topics.items():
            if name not in present:
                create_topic(admin, name, configs)
        admin.wait_for_topics(list(topics), timeout_ms=TIMEOUT_MS)
        add_partitions(admin, topics)
        update_configs(admin, topics)


def create_topic(admin: KafkaAdminClient, name: str, configs: Mapping[str, str]) -> None:
    """Create one topic; another process may have been quicker."""
    topic = {"num_partitions": TOPIC_PARTITIONS, "replication_factor": 1, "configs": dict(configs)}
    try:
        admin.create_topics({name: topic})
    except TopicAlreadyExistsError:
        return


def add_partitions(admin: KafkaAdminClient, topics: Configs) -> None:
    """Raise topics with fewer partitions than the contract's to its number."""
    described = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(topics))}
    few = {name: TOPIC_PARTITIONS for name, count in described.items() if count < TOPIC_PARTITIONS}
    if few:
        admin.create_partitions(few)


def update_configs(admin: KafkaAdminClient, topics: Configs) -> None:
    """Set the contract's configuration where a topic's differs; other keys stay as they are."""
    asked = [
        ConfigResource(ConfigResourceType.TOPIC, name, list(configs)) for name, configs in topics.items()
    ]
    found = admin.describe_configs(asked, config_filter="all")["topic"]
    for name, configs in topics.items():
        differing = {key: value for key, value in configs.items() if found[name][key]["value"] != value}
        if differing:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, differing)])
