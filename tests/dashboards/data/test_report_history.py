from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake

from benchmarks.support.tables.arrow_tables import write
from dashboards.data import report_history
from dashboards.data.report_counts import Counts, ReportFilter
from dashboards.data.report_days import DayReader, Decided, MinuteRows
from dashboards.data.report_history import ReportHistory
from dashboards.data.report_sums import Day, read_day
from lake.schema.batch_schemas import MINUTE_COUNTS, PUBLICATIONS
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

    def noting(opened: Any, day: date) -> tuple[Day, MinuteRows, Decided]:
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


def objects(day: Day) -> int:
    return int(day.steps.objects[0].sum())


def known(history: ReportHistory) -> dict[date, int]:
    return {one.day: objects(one) for one in history.refresh().days}


def counted(history: ReportHistory, first: datetime, last: datetime) -> Counts:
    return history.count(ReportFilter(first, last))


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


def test_older_days_are_left_out_where_they_do_not_fit_in_memory(
    root: Path, history: ReportHistory, read: list[date], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    known = {one.day: one.bytes for one in history.refresh().days}
    fitting = known[days(1)[0]] + known[days(2)[0]]
    read.clear()
    history = ReportHistory(root, clock)
    monkeypatch.setattr(report_history, "MAX_BYTES", fitting)
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


def test_rows_are_read_of_the_days_at_the_ends_of_a_span_alone(
    root: Path, history: ReportHistory, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    seen: list[date] = []

    def noting(opened: Any, day: date, decided: Decided) -> DayReader:
        seen.append(day)
        return DayReader(opened, day, decided)

    history.refresh()
    monkeypatch.setattr(report_history, "DayReader", noting)
    first, last = at(10, 30), at(10, 0, 30) + timedelta(days=2)
    assert counted(history, at(0), at(0) + timedelta(days=3)).objects == 303
    assert seen == []
    assert counted(history, first, last.replace(second=0) + timedelta(minutes=1)).objects == 210 + 2 + 1
    assert counted(history, first, last.replace(second=0)).objects == 210 + 2
    assert seen == days(0, 2)
    monkeypatch.setattr(report_history, "MAX_ROWS", 0)
    monkeypatch.setattr(report_history, "MIN_DAYS", 1)
    for _ in range(2):
        counted(history, first, last.replace(second=0))
    assert seen[2:] in (days(0, 2, 0, 2), days(2, 0, 2)), "one day is kept, and the other read each time"


def test_rows_that_are_kept_are_read_again_with_their_day(
    root: Path, history: ReportHistory, clock: Clock
) -> None:
    history.refresh()
    span = at(10, 30), at(11) + timedelta(days=2)
    before = counted(history, *span)
    detect(root, 2, 2)
    clock.now += report_history.LIVE_EVERY
    assert counted(history, *span).objects == before.objects
    history.refresh()
    assert counted(history, *span).objects == before.objects + 1


@pytest.mark.parametrize("column", ["lacking", "empty"])
def test_hours_published_before_there_were_positions_are_counted_from_their_objects(
    root: Path, clock: Clock, column: str
) -> None:
    """As a lake of version 1 holds them: `minute_counts` without cells."""

    def report() -> Counts:
        history = ReportHistory(root, clock)
        history.refresh()
        return history.count(ReportFilter(at(9), at(12), threshold=0.6))

    now = report()
    stored = DeltaTable(root / MINUTE_COUNTS.name)
    rows = pa.table(QueryBuilder().register("t", stored).execute("SELECT * FROM t").read_all())
    if column == "lacking":
        old = rows.drop_columns(["cell"])
    else:
        cells = pa.nulls(rows.num_rows, pa.int32())
        old = rows.set_column(rows.schema.get_field_index("cell"), rows.schema.field("cell"), cells)
    write_deltalake(stored, old, mode="overwrite", schema_mode="overwrite")
    before = report()
    assert now.cells.sum() == before.cells.sum() == now.objects > 0
    assert before.cells.tolist() == now.cells.tolist()
    assert before.labels == now.labels
    assert before.frames.tolist() == now.frames.tolist()
