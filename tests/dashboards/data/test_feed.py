"""The live state follows the broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.system import Broker, running_broker
from benchmarks.support.running.wire import frame, picture_of
from dashboards.data import feed
from dashboards.data.feed import Feed
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import FRAMES_TOPIC
from stack.kafka.topics import create_topics

pytestmark = pytest.mark.system


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker(tmp_path / "broker") as started:
        yield started


@pytest.fixture
def following(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    monkeypatch.setattr(feed, "PARTITIONS_KNOWN_MS", 500)
    made = Feed(broker.address, utc_now)
    made.start()
    yield made
    made.stop()


def send_to(broker: Broker, partition: int, camera: str) -> None:
    said = frame(picture_of((9, 9, 9)), camera)
    with KafkaProducer(bootstrap_servers=broker.address) as producer:
        producer.send(FRAMES_TOPIC, said.value, said.key, list(said.headers), partition=partition).get(20)


def test_a_partition_that_a_topic_gets_later_is_followed_too(broker: Broker, following: Feed) -> None:
    send_to(broker, 1, "door")
    wait_for("picture of a first partition", lambda: following.picture("door", "sent"))
    create_topics(broker.address, frames_partitions=3)
    send_to(broker, 2, "yard")
    wait_for("picture of the new partition", lambda: following.picture("yard", "sent"))
    assert following.picture("door", "sent"), "what was known stays"
