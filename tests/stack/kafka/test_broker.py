"""The embedded broker: its configuration, and that it survives being killed."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from lake.config.settings import Settings
from lake.contracts.wire_format import FRAMES_TOPIC, MAX_MESSAGE_BYTES, TOPIC_PARTITIONS, TOPICS
from stack.kafka.broker import BrokerSettings, escape_property, list_properties, why_not_ready
from stack.kafka.probe import topics_that_differ
from stack.kafka.topics import create_topics, main
from stack.provision.java import find_java

SOMEWHERE = BrokerSettings(1, 2, Path("/some data"), Path("/jars"), Path("/java"))


def test_every_address_in_the_properties_is_loopback() -> None:
    properties = list_properties(SOMEWHERE)
    addresses = [
        address
        for name, value in properties.items()
        if "listeners" in name or "voters" in name
        for address in re.findall(r"(?:://|@)([^,]*)", str(value))
    ]
    assert addresses == ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:1", "127.0.0.1:2"]


def test_the_broker_takes_messages_as_large_as_the_contract_allows_and_makes_no_topic_by_itself() -> None:
    properties = list_properties(SOMEWHERE)
    assert properties["message.max.bytes"] == MAX_MESSAGE_BYTES == 12 * 1024**2
    assert properties["auto.create.topics.enable"] == "false"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("/a b", "/a b"),
        ("/K\u00fcche", "/K\\u00fcche"),
        ("/\U0001f600", "/\\ud83d\\ude00"),
        ("a\\b", "a\\\\b"),
        (5, "5"),
    ],
)
def test_a_property_is_written_as_java_reads_it(value: str | int, written: str) -> None:
    assert escape_property(value) == written


def test_where_nothing_listens_no_broker_is_ready(port: int) -> None:
    assert why_not_ready(f"127.0.0.1:{port}")


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def broker(settings: Settings, tmp_path: Path, port: int) -> Iterator[Broker]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        controller = int(listener.getsockname()[1])
    home = find_java(settings.home)
    broker = Broker(
        BrokerSettings(port, controller, tmp_path / "d\u00e4 ta", settings.home / "jars/kafka", home)
    )
    yield broker
    broker.kill()


class Broker:
    """A broker as a child process."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.settings = settings
        self.address = f"127.0.0.1:{settings.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.settings.write_properties()
        self.settings.format_storage()
        self.process = subprocess.Popen(self.settings.command(), stdout=subprocess.DEVNULL)
        patience = time.monotonic() + 120
        while why_not_ready(self.address):
            assert self.process.poll() is None, "the broker ended"
            assert time.monotonic() < patience, "the broker is not ready"
            time.sleep(0.2)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.mark.system
def test_a_record_survives_the_brokers_sudden_death(broker: Broker) -> None:
    broker.start()
    assert main({"PYCTURESTREAM_KAFKA": broker.address}) == 0
    picture = b"x" * (2 * 1024**2)
    with KafkaProducer(bootstrap_servers=broker.address, max_request_size=MAX_MESSAGE_BYTES) as producer:
        producer.send(FRAMES_TOPIC, picture, partition=0).get(60)
    broker.kill()
    broker.start()
    with KafkaConsumer(
        bootstrap_servers=broker.address, max_partition_fetch_bytes=MAX_MESSAGE_BYTES
    ) as consumer:
        consumer.assign([TopicPartition(FRAMES_TOPIC, 0)])
        consumer.seek(TopicPartition(FRAMES_TOPIC, 0), 0)
        polled = consumer.poll(timeout_ms=60_000)
    assert [record.value == picture for records in polled.values() for record in records] == [True]


@pytest.mark.system
def test_topics_are_made_as_the_contract_says_and_mended_but_never_deleted(broker: Broker) -> None:
    broker.start()
    topic = ConfigResource(
        ConfigResourceType.TOPIC, FRAMES_TOPIC, {"retention.ms": "1000", "segment.ms": "5000"}
    )
    with KafkaAdminClient(bootstrap_servers=broker.address) as admin:
        admin.create_topics({FRAMES_TOPIC: {"num_partitions": 1, "replication_factor": 1}, "of-others": {}})
        admin.alter_configs([topic])
        first_id = {row["name"]: row["topic_id"] for row in admin.describe_topics([FRAMES_TOPIC])}
        create_topics(broker.address)
        create_topics(broker.address)
        described = {row["name"]: row for row in admin.describe_topics([*TOPICS, "of-others"])}
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in TOPICS]
        configs = admin.describe_configs(asked, config_filter="all")["topic"]
    assert {name: len(described[name]["partitions"]) for name in TOPICS} == dict.fromkeys(
        TOPICS, TOPIC_PARTITIONS
    )
    assert {name: {key: configs[name][key]["value"] for key in of} for name, of in TOPICS.items()} == TOPICS
    assert configs[FRAMES_TOPIC]["segment.ms"]["value"] == "5000"
    assert described[FRAMES_TOPIC]["topic_id"] == first_id[FRAMES_TOPIC]


@pytest.mark.system
def test_the_topic_of_frames_alone_grows_to_the_partitions_asked_for_and_never_shrinks(
    broker: Broker,
) -> None:
    broker.start()
    create_topics(broker.address)
    assert topics_that_differ(broker.address, frames_partitions=5) == ["pycturestream has 2 of 5 partitions"]
    create_topics(broker.address, frames_partitions=5)
    create_topics(broker.address, frames_partitions=3)
    assert topics_that_differ(broker.address, frames_partitions=5) == []
    with KafkaAdminClient(bootstrap_servers=broker.address) as admin:
        counts = {row["name"]: len(row["partitions"]) for row in admin.describe_topics([*TOPICS])}
    assert counts == dict.fromkeys(TOPICS, TOPIC_PARTITIONS) | {FRAMES_TOPIC: 5}
