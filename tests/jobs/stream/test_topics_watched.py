"""The streaming application looks at its topics again, and ends where one was made anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace

import pytest

from jobs.stream import run_stream
from jobs.stream.run_stream import TOPIC_CHECK_INTERVAL_S, StreamEndedError
from lake.kafka.broker import TopicMissingError
from lake.kafka.client import BrokerAwayError
from tests.conftest import at

OLD, NEW = {"frames": "old", "results": "same"}, {"frames": "new", "results": "same"}
RUNNING = [SimpleNamespace(name="detect_objects", query=SimpleNamespace(isActive=True))]
SETTINGS = SimpleNamespace(shared=SimpleNamespace(broker="127.0.0.1:1"))
HEALTH = SimpleNamespace(write=lambda _queries, _now: None)


class Time:
    """A clock that only waiting moves; nobody waits for more than a minute."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        assert self.now < 60, "the topics were never looked at again"


def watch(monkeypatch: pytest.MonkeyPatch, *answers: Mapping[str, str] | Exception) -> list[float]:
    """Seconds at which the topics were looked at, with these answers, until the application ended."""
    time, looks, left = Time(), [], list(answers)

    def topic_ids(_broker: str, _topics: Iterable[str]) -> Mapping[str, str]:
        looks.append(time.now)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(run_stream, "time", time)
    monkeypatch.setattr(run_stream, "topic_ids", topic_ids)
    with pytest.raises(StreamEndedError, match="topic frames was made anew"):
        run_stream._watch(RUNNING, HEALTH, SETTINGS, OLD, lambda: at("11:00"))
    return looks


def test_a_topic_made_anew_ends_the_application_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    [first, second] = watch(monkeypatch, OLD, NEW)
    assert first <= TOPIC_CHECK_INTERVAL_S + 1
    assert second - first <= TOPIC_CHECK_INTERVAL_S + 1


def test_a_broker_that_is_away_or_knows_no_topic_yet_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = watch(monkeypatch, BrokerAwayError("away"), TopicMissingError("frames"), NEW)
    assert len(looks) == 3
