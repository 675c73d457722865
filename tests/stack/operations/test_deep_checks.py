"""Spark, Kafka and Delta for real, as `doctor` tries them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from benchmarks.support.running.programs import ROOT
from benchmarks.support.running.system import running_broker
from lake.config.settings import PREFIX
from lake.contracts.wire_format import TOPICS
from stack.operations.deep_checks import try_spark
from stack.operations.doctor import check_round_trip, check_topics
from stack.site.installation import Installation


@pytest.mark.system
def test_a_broker_is_tried_with_a_message_and_with_words_counted_by_spark_and_nothing_of_it_stays(
    tmp_path: Path,
) -> None:
    data = tmp_path / "some data"
    with running_broker(tmp_path / "broker") as broker:
        own = {PREFIX + name: value for name, value in {"DATA": str(data), **broker.environ}.items()}
        inherited = {name: value for name, value in os.environ.items() if name != PREFIX + "KAFKA"}
        here = Installation.from_env({**inherited, **own}, ROOT)
        found = [check_topics(here), check_round_trip(here), *try_spark(here)]
        with KafkaAdminClient(bootstrap_servers=broker.address) as admin:
            topics = set(admin.list_topics())
    right = "8 words went there and back, each counted right"
    assert [(one.name, one.ok, one.detail) for one in found] == [
        ("Kafka", True, f"{broker.address}, topics as they should be"),
        ("Kafka round trip", True, "a message went there and back"),
        ("Spark with Kafka", True, right),
        ("Spark with Delta", True, right),
    ]
    assert topics == set(TOPICS)
    assert sorted(path.name for path in data.iterdir()) == ["logs", "run"]
