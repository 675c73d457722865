from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.support.tables.arrow_tables import write
from dashboards.data import report_history
from dashboards.data.report_days import read_day
from dashboards.data.report_history import ReportHistory
from lake.schema.batch_schemas import PUBLICATIONS
from lake.schema.schemas import DETECTIONS
from tests.dashboards.explore_lake import DAY, at, record, seen_on
from tests.dashboards.report_lake import write_report_lake

DAYS = 3


class Clock:
    """Stands at noon until it is put on."""

    def __init__(self) -> None:
        self.now = at(12)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three days, each later one with fewer objects: 300, 2 and 1."""
    write_report_lake(tmp_path)
    for later, count in ((1, 2), (2, 1)):
        detect(tmp_path, later, count)
    return tmp_path


@pytest.fixture
def history(root: Path, clock: Clock) -> ReportHistory:
    return ReportHistory(root, clock)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """Days in the order in which they are read."""
    seen: list[date] = []

    def noting(opened: Any, day: date) -> Any:
        seen.append(day)
        return read_day(opened, day)

    monkeypatch.setattr(report_history, "read_day", noting)
    return seen


def detect(root: Path, later: int, count: int) -> None:
    away = timedelta(days=later)
    rows = [
        record(number)
        | {
            "observed_at": at(10, number) + away,
            "day": DAY + away,
            "frame_id": f"{later}/{number}",
            "topic_id": f"id {later}",
        }
        | {"status": "detected", "objects": [seen_on(number)]}
        for number in range(count)
    ]
    write(root, DETECTIONS, rows)


def days(*later: int) -> list[date]:
    return [DAY + timedelta(days=one) for one in later]


def known(history: ReportHistory) -> dict[date, int]:
    return {one.day: one.count for one in history.refresh().days}


def test_the_newest_days_are_read_first_and_nothing_twice(history: ReportHistory, read: list[date]) -> None:
    assert known(history) == dict(zip(days(0, 1, 2), (300, 2, 1), strict=True))
    assert read == days(2, 1, 0)
    before = history.now()
    assert history.refresh().version == before.version
    assert len(read) == DAYS


def test_a_day_is_read_again_when_its_files_are_others(
    root: Path, history: ReportHistory, read: list[date], clock: Clock
) -> None:
    history.refresh()
    detect(root, 4, 3)
    decided = {"hour": at(11), "camera_id": "yard", "state": "held", "run_id": "audit", "decided_at": at(12)}
    write(root, PUBLICATIONS, [decided | {"day": DAY}])
    clock.now += timedelta(seconds=5)
    before = history.now().version
    found = known(history)
    assert history.now().version > before
    assert (found[DAY], found[DAY + timedelta(days=4)]) == (225, 3)
    assert read[DAYS:] == days(4, 0), "a decision does not wait, a day whose live hours changed does"
    clock.now += report_history.LIVE_EVERY
    history.refresh()
    assert read[DAYS + 2 :] == days(2), "files of far days are not its own"


def test_older_days_are_left_out_where_there_are_too_many_objects(
    root: Path, history: ReportHistory, read: list[date], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(report_history, "MAX_OBJECTS", 3)
    found = history.refresh()
    assert [one.day for one in found.days] == days(1, 2)
    assert (found.left_out, found.unread) == (1, 0)
    assert read == days(2, 1)
    detect(root, 9, 2)
    clock.now += report_history.LIVE_EVERY
    found = history.refresh()
    assert [one.day for one in found.days] == days(2, 9)
    assert found.left_out == 2


def test_a_lake_without_tables_is_empty_and_no_error(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    assert ReportHistory(tmp_path, clock).refresh().days == ()
