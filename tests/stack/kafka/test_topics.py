"""Topics, where the brokers know less of them than the controller: their metadata come a moment later."""

from __future__ import annotations

from typing import Any

import pytest
from kafka.errors import InvalidPartitionsError

from lake.contracts.wire_format import FRAMES_TOPIC, TOPICS
from stack.kafka import topics
from stack.kafka.topics import create_topics


class LaggingBrokers:
    """Three brokers; those that are asked have not heard of the newest topics and partitions."""

    def __init__(self, known: dict[str, int], **_: Any) -> None:
        self.known = known
        self.made: dict[str, Any] = {}
        self.grown: list[dict[str, int]] = []

    def __enter__(self) -> LaggingBrokers:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def list_topics(self) -> list[str]:
        return list(self.known)

    def describe_cluster(self) -> dict[str, Any]:
        return {"brokers": [{}, {}, {}]}

    def create_topics(self, new: dict[str, Any]) -> None:
        self.made |= new

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        part = {"replica_nodes": [1, 2, 3]}
        return [{"name": name, "partitions": [part] * self.known.get(name, 0)} for name in names]

    def create_partitions(self, wanted: dict[str, int]) -> None:
        self.grown.append(wanted)
        raise InvalidPartitionsError("Topic already has 2 partition(s).")

    def describe_configs(self, asked: list[Any], config_filter: str) -> dict[str, Any]:
        return {
            "topic": {
                one.name: {key: {"value": value} for key, value in TOPICS[one.name].items()} for one in asked
            }
        }

    def wait_for_topics(self, names: list[str], timeout_ms: int) -> None:
        assert names == list(TOPICS)


def make_on(brokers: LaggingBrokers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "KafkaAdminClient", lambda **_: brokers)
    create_topics("127.0.0.1:1", copies=3)


def test_topics_just_made_are_not_mended_by_what_a_broker_does_not_know_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    brokers = LaggingBrokers({})
    make_on(brokers, monkeypatch)
    assert brokers.made.keys() == TOPICS.keys()
    assert brokers.grown == []


@pytest.mark.parametrize("heard_of", [0, 1])
def test_partitions_that_a_broker_has_not_heard_of_yet_are_no_failure(
    monkeypatch: pytest.MonkeyPatch, heard_of: int
) -> None:
    brokers = LaggingBrokers(dict.fromkeys(TOPICS, 2) | {FRAMES_TOPIC: heard_of})
    make_on(brokers, monkeypatch)
    assert (brokers.made, brokers.grown) == ({}, [{FRAMES_TOPIC: 2}])
