"""The stream appends, hours are counted twice at once, tables are compacted and vacuumed: all together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from benchmarks.support.tables.hour_rows import fill, frame, outcome, record, rows_of, thing
from jobs.hours import count_objects
from jobs.maintenance.plan import Task, Work
from jobs.maintenance.run_tasks import MaintenanceRunner, TaskReport
from lake.contracts.hours import Scope
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE, OBJECTS_CANDIDATE
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.schema.table import Table
from lake.storage.tables import Lake
from tests.conftest import at
from tests.jobs.brute_force import Recount, Row

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]

HOURS, NOW = (at("10:00"), at("11:00")), at("12:30")
"""Each hour is counted for itself, so that its day has files to join in the candidates too."""
SEEN = "hour, camera_id, frame_id, object_number, label, score, layer, run_id"
COVERED = "received, analysed, analysed_live, skipped_stale, pending, objects, frame_rows, detection_rows"
COMPACTED = (FRAMES, DETECTIONS, OBJECTS_CANDIDATE, CAMERA_HOURS_CANDIDATE)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Any) -> Lake:
    made = Lake(tmp_path / "lake")
    made.create(spark)
    return made


def arrivals() -> Iterator[tuple[list[Row], list[Row]]]:
    """Batches of the two archives: late frames, some skipped, one in five without outcome yet."""
    for batch in count():
        known = [
            record(
                offset,
                HOURS[offset // 2 % 2] + timedelta(seconds=offset % 3600),
                camera_id=("door", "yard")[offset % 2],
            )
            for offset in range(batch * 10, batch * 10 + 10)
        ]
        outcomes = [
            outcome(one, "skipped_stale") if one["offset"] % 5 == 1 else outcome(one, "detected", thing())
            for one in known
            if one["offset"] % 5
        ]
        yield list(map(frame, known)), outcomes


def until(over: threading.Event, action: Callable[[int], None]) -> int:
    """Do it again and again until something is over; how often."""
    for number in count(1):
        action(number)
        if over.is_set():
            return number
    raise AssertionError


def test_no_conflict_reaches_anybody_and_the_count_is_that_of_a_recount(
    spark: SparkSession, lake: Lake
) -> None:
    batches = arrivals()
    stored: list[tuple[list[Row], list[Row]]] = [next(batches) for _ in range(6)]
    for batch in stored:
        fill(lake.root, *batch)
    over = threading.Event()
    reports: list[TaskReport] = []
    tending = MaintenanceRunner(lake, lambda: spark, lambda: NOW, dry_run=False)

    def stream(number: int) -> None:
        frames, outcomes = next(batches)
        lake.append_arrow(lake.rows(FRAMES, frames), FRAMES, "stream", number)
        lake.append_arrow(lake.rows(DETECTIONS, outcomes), DETECTIONS, "stream", number)
        stored.append((frames, outcomes))
        over.wait(0.5)

    def tend(number: int) -> None:
        reports.extend(tending.run_task(task) for table in COMPACTED for task in works(table, number))

    def count_it(run: str) -> None:
        for hour in HOURS:
            count_objects.run(spark, lake, Scope((hour,)), run, NOW)

    with ThreadPoolExecutor(4) as pool:
        endless = [pool.submit(until, over, stream), pool.submit(until, over, tend)]
        counting = [pool.submit(count_it, run) for run in ("first", "second")]
        try:
            for future in counting:
                future.result()
        finally:
            over.set()
        rounds = [future.result() for future in endless]
    assert min(rounds) >= 2, "the stream went on, and so did the maintenance"
    assert [one.error for one in reports if one.error] == []
    assert [table.name for table in COMPACTED if not compactions(lake, table)] == []

    count_objects.run(spark, lake, Scope(HOURS), "last", NOW)
    recount = Recount(
        [row for rows, _ in stored for row in rows], [row for _, rows in stored for row in rows]
    )
    assert sorted(rows_of(lake.root, OBJECTS_CANDIDATE, SEEN, "1")) == recount.objects()
    covered = rows_of(lake.root, CAMERA_HOURS_CANDIDATE, f"hour, camera_id, {COVERED}", "hour, camera_id")
    assert covered == [
        (*cell, *(row[name] for name in COVERED.split(", ")))
        for cell, row in sorted(recount.coverage().items())
    ]


def works(table: Table, number: int) -> list[Task]:
    """Of one round: compaction, and either kind of vacuum in turn."""
    vacuum = (Work.VACUUM_LITE, Work.VACUUM_FULL)[number % 2]
    return [Task(table, Work.OPTIMIZE, str(NOW.date()), NOW.date()), Task(table, vacuum, "all")]


def compactions(lake: Lake, table: Table) -> int:
    """Commits that joined files of the table."""
    return sum(entry["operation"] == "OPTIMIZE" for entry in DeltaTable(lake.path(table)).history())
