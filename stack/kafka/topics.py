"""Creates the topics of the contract on a broker: `python -m stack.kafka.topics`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import InvalidPartitionsError, KafkaError, TopicAlreadyExistsError

from lake.config.kafka_address import Address, client_options
from lake.config.settings import PROJECT_ROOT, SettingError
from lake.config.sources import load_configuration
from lake.contracts.wire_format import FRAMES_TOPIC, TOPIC_PARTITIONS, TOPICS
from stack.site.installation import Installation
from stack.site.kafka_cluster import MAX_COPIES, copies_in_step

TIMEOUT_MS: Final = 30_000
CURE: Final = (
    "Kafka adds none by itself; give it a plan with kafka-reassign-partitions.sh,"
    " or set PYCTURESTREAM_KAFKA_REPLICATION to what there is"
)


Configs = Mapping[str, Mapping[str, str]]
"""Topic → configuration."""


class CopiesError(RuntimeError):
    """A topic cannot have, or does not have, as many copies as the settings require."""


def create_topics(
    bootstrap: Address,
    topics: Configs = TOPICS,
    frames_partitions: int = TOPIC_PARTITIONS,
    copies: int | None = None,
) -> None:
    """Create missing topics, partitions and configuration; nothing is ever deleted.

    May run at any time, also concurrently. If the frames topic grows, a camera's next frames may go to
    another partition than earlier ones. `newest` is decided in each partition, so that in a batch
    with frames of both one of each is analysed; records are accounted for by partition and offset, and the
    live page uses times.

    Args:
        bootstrap: addresses of the brokers, and the login.
        topics: required configuration.
        frames_partitions: of the frames topic; all others have the contract's number.
        copies: how many brokers keep each topic; None for as many as there are, at most 3.

    Raises:
        KafkaError: the broker is unreachable, or refuses.
        CopiesError: there are fewer brokers than copies, or a topic from earlier has fewer.
    """
    with KafkaAdminClient(**client_options(bootstrap), bootstrap_timeout_ms=TIMEOUT_MS) as admin:
        listed = set(admin.list_topics())
        missing = {name: configs for name, configs in topics.items() if name not in listed}
        new_copies = choose_copies(admin, bootstrap, copies) if missing else 0
        for name, configs in missing.items():
            create_topic(admin, name, configs, partitions_of(name, frames_partitions), new_copies)
        # New topics need no repair, and a broker may not know them yet.
        present = {name: configs for name, configs in topics.items() if name in listed}
        problems = mend_topics(admin, present, frames_partitions, copies) if present else []
        admin.wait_for_topics(list(topics), timeout_ms=TIMEOUT_MS)
    if problems:
        raise CopiesError(f"{'; '.join(problems)}: {CURE}")


def mend_topics(
    admin: KafkaAdminClient, topics: Configs, frames_partitions: int, copies: int | None
) -> list[str]:
    """Add missing partitions and configuration to existing topics.

    Returns:
        Problems that only people can solve: see `few_copies`.
    """
    described = admin.describe_topics(list(topics))
    add_partitions(admin, described, frames_partitions)
    update_configs(admin, topics)
    return few_copies(described, copies)


def partitions_of(topic: str, frames_partitions: int) -> int:
    """Return the required partitions of a topic; only frames are shared among workers."""
    return frames_partitions if topic == FRAMES_TOPIC else TOPIC_PARTITIONS


def choose_copies(admin: KafkaAdminClient, bootstrap: Address, copies: int | None) -> int:
    """Return the replicas of a new topic: `copies` if set, else one on each broker, at most 3.

    Raises:
        CopiesError: there are fewer brokers than copies.
    """
    brokers = sum(not broker.get("is_fenced") for broker in admin.describe_cluster()["brokers"])
    if copies and copies > brokers:
        raise CopiesError(
            f"PYCTURESTREAM_KAFKA_REPLICATION={copies}, but Kafka at {bootstrap} has {brokers} running"
            f" broker{'s' * (brokers > 1)}: start the others, or set it to {brokers}"
        )
    return copies or min(MAX_COPIES, brokers)


def few_copies(described: Iterable[Mapping[str, Any]], copies: int | None) -> list[str]:
    """Return a sentence for each topic with too few replicas; empty if `copies` is None.

    Args:
        described: topics as kafka-python describes them.
        copies: required replicas.
    """
    counts = {
        topic["name"]: min(len(part["replica_nodes"]) for part in topic["partitions"])
        for topic in described
        if topic["partitions"]
    }
    return [
        f"topic {name} has {count} of {copies} copies"
        for name, count in counts.items()
        if count < (copies or 1)
    ]


def create_topic(
    admin: KafkaAdminClient, name: str, configs: Mapping[str, str], partitions: int, copies: int
) -> None:
    """Create one topic, unless another process was quicker.

    With several copies a record is acknowledged once all but one of them hold it.
    """
    in_step = {"min.insync.replicas": str(copies_in_step(copies))} if copies > 1 else {}
    topic = {
        "num_partitions": partitions,
        "replication_factor": copies,
        "configs": {**configs, **in_step},
    }
    try:
        admin.create_topics({name: topic})
    except TopicAlreadyExistsError:
        return


def add_partitions(
    admin: KafkaAdminClient, described: Iterable[Mapping[str, Any]], frames_partitions: int
) -> None:
    """Add partitions to topics with too few; those with more keep them.

    Another process may have been quicker, or the broker that described them may be behind the others.
    """
    counts = {topic["name"]: len(topic["partitions"]) for topic in described}
    wanted = {name: partitions_of(name, frames_partitions) for name in counts}
    increases = {name: wanted[name] for name, count in counts.items() if count < wanted[name]}
    if increases:
        with suppress(InvalidPartitionsError):  # they have as many, or more
            admin.create_partitions(increases)


def update_configs(admin: KafkaAdminClient, topics: Configs) -> None:
    """Set the contract's configuration where a topic's differs; other keys stay unchanged."""
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, name, list(configs)) for name, configs in topics.items()
    ]
    current = admin.describe_configs(resources, config_filter="all")["topic"]
    for name, configs in topics.items():
        differing = {key: value for key, value in configs.items() if current[name][key]["value"] != value}
        if differing:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, differing)])


def main(environ: Mapping[str, str]) -> int:
    """Create the topics on the broker of the settings; return 1, with one sentence, on failure."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        installation = Installation.from_env(environ, PROJECT_ROOT)
        create_topics(
            installation.settings.broker,
            installation.topics,
            installation.frames_partitions,
            installation.copies,
        )
    except (KafkaError, CopiesError, SettingError) as error:
        sys.stderr.write(f"the topics could not be made: {error}\n")
        return 1
    sys.stdout.write(f"{installation.settings.kafka} has the topics {', '.join(installation.topics)}\n")
    return 0


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(os.environ))
