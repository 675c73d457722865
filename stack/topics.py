"""Give a broker the topics of the contract."""

from __future__ import annotations

from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from lake.contracts import TOPIC_PARTITIONS, TOPICS

TIMEOUT_MS: Final = 30_000


def create_topics(bootstrap: str) -> None:
    """Make what is missing: topics, partitions and configuration; nothing is ever deleted.

    May run at any time and more than once at a time.

    Args:
        bootstrap: a broker's host:port.

    Raises:
        KafkaError: the broker is away, or refuses.
    """
    with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=TIMEOUT_MS) as admin:
        present = set(admin.list_topics())
        for name, configs in TOPICS.items():
            if name not in present:
                create_topic(admin, name, configs)
        admin.wait_for_topics(list(TOPICS), timeout_ms=TIMEOUT_MS)
        add_partitions(admin)
        update_configs(admin)


def create_topic(admin: KafkaAdminClient, name: str, configs: dict[str, str]) -> None:
    """Create one topic; another process may have been quicker."""
    topic = {"num_partitions": TOPIC_PARTITIONS, "replication_factor": 1, "configs": configs}
    try:
        admin.create_topics({name: topic})
    except TopicAlreadyExistsError:
        return


def add_partitions(admin: KafkaAdminClient) -> None:
    """Raise topics with fewer partitions than the contract's to its number."""
    described = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(TOPICS))}
    few = {name: TOPIC_PARTITIONS for name, count in described.items() if count < TOPIC_PARTITIONS}
    if few:
        admin.create_partitions(few)


def update_configs(admin: KafkaAdminClient) -> None:
    """Set the contract's configuration where a topic's differs; other keys stay as they are."""
    asked = [
        ConfigResource(ConfigResourceType.TOPIC, name, list(configs)) for name, configs in TOPICS.items()
    ]
    found = admin.describe_configs(asked, config_filter="all")["topic"]
    for name, configs in TOPICS.items():
        differing = {key: value for key, value in configs.items() if found[name][key]["value"] != value}
        if differing:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, differing)])
