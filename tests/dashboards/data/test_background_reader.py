"""What is read while somebody looks, with a clock that stands until it is put on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from benchmarks.support.running.programs import wait_for
from dashboards.data import background_reader as watched
from dashboards.data.background_reader import LATE, WATCHED, BackgroundReader, Reading
from tests.conftest import at


class Source:
    """What is read; it may be told to fail."""

    def __init__(self) -> None:
        self.now, self.value = at("11:00"), 1
        self.reads: list[str] = []
        self.failure: Exception | None = None

    def clock(self) -> datetime:
        return self.now

    def read(self, key: str, _now: datetime) -> int:
        self.reads.append(key)
        if self.failure:
            raise self.failure
        return self.value


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def kept(source: Source, monkeypatch: pytest.MonkeyPatch) -> Iterator[BackgroundReader[str, int]]:
    """Reads at every turn; its thread runs, and waits so long that the test itself reads."""
    monkeypatch.setattr(watched, "POLL_INTERVAL_S", 3600.0)
    monkeypatch.setattr(watched, "REST_FACTOR", 0)
    made = BackgroundReader("the source", timedelta(0), source.read, source.clock)
    made.start()
    yield made
    made.stop()


def test_nothing_is_read_before_somebody_looks(kept: BackgroundReader[str, int], source: Source) -> None:
    kept.read_due()
    assert (source.reads, kept.newest()) == ([], Reading())
    assert kept.now("a") == Reading()
    kept.read_due()
    assert kept.now("a") == kept.newest() == Reading(1, at("11:00"), version=1)
    assert source.reads == ["a"]


def test_each_key_is_read_for_itself(kept: BackgroundReader[str, int], source: Source) -> None:
    kept.now("a")
    kept.now("b")
    kept.read_due()
    assert source.reads == ["a", "b"]


def test_another_version_means_another_value(kept: BackgroundReader[str, int], source: Source) -> None:
    versions = []
    for value in (1, 1, 2, 2):
        source.value = value
        kept.now("a")
        kept.read_due()
        versions.append(kept.now("a").version)
    assert versions == [1, 1, 2, 2]


def test_reading_ends_when_nobody_looked_for_a_while_and_begins_again(
    kept: BackgroundReader[str, int], source: Source
) -> None:
    kept.now("a")
    kept.read_due()
    source.now += WATCHED + timedelta(seconds=1)
    kept.read_due()
    assert source.reads == ["a"]
    assert kept.now("a") == Reading(1, at("11:00"), version=1, old=True)
    kept.read_due()
    assert kept.now("a") == Reading(1, source.now, version=1)


def test_a_value_that_is_late_is_old(kept: BackgroundReader[str, int], source: Source) -> None:
    kept.now("a")
    kept.read_due()
    source.now += LATE
    assert not kept.now("a").old
    source.now += timedelta(seconds=1)
    assert kept.now("a").old


def test_a_failure_keeps_the_old_value_and_says_why(kept: BackgroundReader[str, int], source: Source) -> None:
    kept.now("a")
    kept.read_due()
    source.failure = ConnectionError("nobody is there")
    source.now += timedelta(seconds=1)
    for _ in range(2):
        kept.now("a")
        kept.read_due()
        assert kept.now("a") == Reading(1, at("11:00"), "nobody is there", version=2)
    source.failure = None
    kept.read_due()
    assert kept.now("a") == Reading(1, source.now, version=3)


@pytest.mark.parametrize(("every", "rest"), [(timedelta(hours=1), 0), (timedelta(0), 10**9)])
def test_a_reading_is_followed_by_a_rest_which_is_longer_the_longer_it_took(
    source: Source, monkeypatch: pytest.MonkeyPatch, every: timedelta, rest: int
) -> None:
    monkeypatch.setattr(watched, "REST_FACTOR", rest)
    kept = BackgroundReader("the source", every, source.read, source.clock)
    kept.now("a")
    kept.read_due()
    kept.read_due()
    assert source.reads == ["a"]


def test_the_thread_reads_by_itself_and_ends(source: Source) -> None:
    kept = BackgroundReader("the source", timedelta(0), source.read, source.clock)
    assert kept.now("a").error == "reading of the source has ended: restart"
    kept.start()
    wait_for("the first reading", lambda: kept.now("a").value == 1)
    kept.stop()
    assert kept.now("a") == Reading(1, at("11:00"), "reading of the source has ended: restart", version=1)
