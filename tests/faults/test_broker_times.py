"""What a real broker says of the hours of its records."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from benchmarks.support.running.system import Broker
from lake.kafka.broker import first_appended, offsets_at
from tests.conftest import at

pytestmark = pytest.mark.system


def send(broker: Broker, topic: str, partition: int, *times: datetime) -> None:
    with KafkaProducer(bootstrap_servers=broker.address) as producer:
        for time in times:
            producer.send(topic, b"x", partition=partition, timestamp_ms=int(time.timestamp() * 1000)).get(60)


def test_a_moment_falls_before_the_first_record_that_is_as_late(broker: Broker) -> None:
    topic = f"hours-{uuid.uuid4().hex[:8]}"  # with the times of its sender, which a test can choose
    with KafkaAdminClient(bootstrap_servers=broker.address) as admin:
        admin.create_topics({topic: {"num_partitions": 3, "replication_factor": 1}}, wait_for_metadata=True)
    assert first_appended(broker.address, topic) is None
    send(broker, topic, 0, at("09:10"), at("09:59:59.999"), at("11:00"), at("11:30"))
    send(broker, topic, 1, at("10:00"))
    assert first_appended(broker.address, topic) == at("09:10")
    moments = [at("09:00"), at("10:00"), at("11:00"), at("12:00")]
    assert offsets_at(broker.address, topic, moments) == {
        at("09:00"): {0: 0, 1: 0, 2: 0},
        at("10:00"): {0: 2, 1: 0, 2: 0},
        at("11:00"): {0: 2, 1: 1, 2: 0},
        at("12:00"): {0: 4, 1: 1, 2: 0},
    }
