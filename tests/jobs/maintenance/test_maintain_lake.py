"""Maintenance of real tables: nothing is lost that shall stay, nothing stays that shall go."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from filelock import FileLock
from pyspark.sql import SparkSession
from rich.console import Console

from jobs.maintenance import run_tasks as tend_tables
from jobs.maintenance.maintain_lake import MaintenanceBusyError, MaintenanceRequest, main, run, show
from jobs.maintenance.plan import Extent, Task, Work
from jobs.maintenance.run_tasks import MaintenanceRunner, NoRoomError, TaskReport, check_room, extents_by_day
from jobs.maintenance.settings import MaintenanceSettings
from lake.config.settings import Settings
from lake.schema.batch_schemas import MAINTENANCE_REPORTS
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES, TABLES
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from tests.conftest import at
from tests.jobs.hours.test_detect_skipped import frame, said_live, store

pytestmark = pytest.mark.spark
NOW = at("11:25", "2026-01-10")


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    made = Lake(tmp_path / "a lake's data" / "lake")
    made.create(spark)
    return made


@pytest.fixture
def told(lake: Lake) -> MaintenanceSettings:
    return MaintenanceSettings(Settings(home=lake.root, data=lake.root.parent))


def no_spark() -> SparkSession:
    raise AssertionError("nothing is compacted, so Spark is not needed")


def order(work: str, dry_run: bool = False) -> MaintenanceRequest:
    return MaintenanceRequest(work, "run-1", dry_run)


def on(day: str, offset: int, **other: Any) -> dict[str, Any]:
    moment = at("10:00", day)
    times = dict.fromkeys(("appended_at", "captured_at", "sent_at", "observed_at"), moment)
    return frame(offset, b"picture", **{**times, "day": moment.date(), **other})


def stored(lake: Lake) -> set[tuple[str, int]]:
    rows = read_rows(lake.root, 'SELECT day, "offset" FROM frames', FRAMES)
    assert len({row["offset"] for row in rows}) == len(rows)
    return {(str(row["day"]), row["offset"]) for row in rows}


def reports(lake: Lake, *columns: str) -> list[tuple[Any, ...]]:
    sql = "SELECT * FROM maintenance_reports WHERE table_name = 'frames' ORDER BY work, scope"
    rows = read_rows(lake.root, sql, MAINTENANCE_REPORTS)
    return [tuple(row[name] for name in columns) for row in rows]


def test_what_is_too_old_or_too_much_goes_and_nothing_else(lake: Lake, told: MaintenanceSettings) -> None:
    days = ["2026-01-02", "2026-01-03", "2026-01-08", "2026-01-09", "2026-01-10"]
    store(lake, FRAMES, [on(day, number) for number, day in enumerate(days)])
    store(lake, FRAMES, [on(day, 10 + number, camera_id="demo") for number, day in enumerate(days)])
    run(no_spark, told, order("retention", dry_run=True), NOW, lambda: NOW)
    assert len(stored(lake)) == 10
    run(no_spark, told, order("retention"), NOW, lambda: NOW)
    left = {("2026-01-03", 1), ("2026-01-08", 2), ("2026-01-09", 3), ("2026-01-10", 4)}
    demo = {("2026-01-09", 13), ("2026-01-10", 14)}
    assert stored(lake) == left | demo
    whats = "day < DATE '2026-01-09' AND camera_id = 'demo'", "day < DATE '2026-01-03'"
    assert sorted(reports(lake, "scope", "dry_run", "removed")) == sorted(
        [(whats[0], True, 3), (whats[1], True, 2), (whats[0], False, 3), (whats[1], False, 1)]
    )
    sizes = extents_by_day(DeltaTable(lake.path(FRAMES)))
    two_days = sum(sizes[date(2026, 1, day)].bytes for day in (9, 10))
    run(no_spark, replace(told, frames_bytes=two_days), order("retention"), NOW, lambda: NOW)
    assert stored(lake) == {place for place in left | demo if place[0] >= "2026-01-09"}
    run(no_spark, replace(told, frames_bytes=1), order("retention"), NOW, lambda: NOW)
    assert stored(lake) == {("2026-01-10", 4), ("2026-01-10", 14)}, "today stays"


def test_compacting_keeps_every_row_and_vacuum_takes_only_dead_files(
    spark: SparkSession, lake: Lake, told: MaintenanceSettings
) -> None:
    for number in range(17):
        store(lake, FRAMES, [on("2026-01-10", number)])
        store(lake, EXPIRED_RANGES, [expired(number)])
    for number in range(17, 20):
        store(lake, FRAMES, [on("2026-01-09", number)])
    before, version = stored(lake), lake.version(FRAMES)
    assert len(before) == 20
    done = run(lambda: spark, told, order("due"), NOW, lambda: NOW)
    assert {one.error for one in done} == {None}
    assert stored(lake) == before
    assert extents_by_day(DeltaTable(lake.path(FRAMES))).keys() == {date(2026, 1, 9), date(2026, 1, 10)}
    assert reports(lake, "work", "scope", "files_before", "files_after") == [
        ("optimize", "2026-01-09", 3, 1),
        ("optimize", "2026-01-10", 17, 1),
        ("retention", "day < DATE '2026-01-03'", 20, 20),
        ("retention", "day < DATE '2026-01-09' AND camera_id = 'demo'", 20, 20),
        ("vacuum_full", "all", 2, 2),
    ]
    assert read_rows(lake.root, "SELECT count(*) AS n FROM expired_ranges", EXPIRED_RANGES) == [{"n": 17}]
    assert extents_by_day(DeltaTable(lake.path(EXPIRED_RANGES)))[None].files == 1
    for changed in actions_since(lake, version):
        assert changed["dataChange"] is False
        assert '"value"' not in changed.get("stats", ""), "no statistics of the pictures"
    assert run(no_spark, told, order("due"), NOW, lambda: NOW) == [], "all is done"
    later = at("17:30", "2026-01-10")
    again = run(no_spark, told, order("due"), later, lambda: later)
    assert {one.task.work for one in again} == {Work.VACUUM_LITE}
    assert {one.task.table.name for one in again} == {table.name for table in TABLES}


def expired(number: int) -> dict[str, Any]:
    return {
        "query": "q", "topic": "t", "topic_id": "id", "partition": 0, "from_offset": number,
        "to_offset": number + 1, "cause": "expired", "found_at": at("11:00"),
    }  # fmt: skip


def actions_since(lake: Lake, version: int) -> list[dict[str, Any]]:
    """Files added and removed by the commits after a version."""
    log = Path(lake.path(FRAMES)) / "_delta_log"
    commits = [entry for entry in sorted(log.glob("*.json")) if int(entry.stem) > version]
    entries = [json.loads(line) for entry in commits for line in entry.read_text().splitlines()]
    found = [entry[kind] for entry in entries for kind in ("add", "remove") if kind in entry]
    assert len(found) == 22
    return found


def test_dead_files_stay_a_day_and_strange_ones_until_they_are_as_old(
    lake: Lake, told: MaintenanceSettings
) -> None:
    store(lake, FRAMES, [on("2026-01-02", 1)])
    run(no_spark, told, order("retention"), NOW, lambda: NOW)
    folder = Path(lake.path(FRAMES)) / "day=2026-01-02"
    for name in ("young.parquet", "old.parquet"):
        (folder / name).write_bytes(b"of a writer that was killed")
    long_ago = (folder / "old.parquet").stat().st_mtime - 25 * 3600
    os.utime(folder / "old.parquet", (long_ago, long_ago))
    run(no_spark, told, order("vacuum", dry_run=True), NOW, lambda: NOW)
    assert len(list(folder.glob("*.parquet"))) == 3
    run(no_spark, told, order("vacuum"), NOW, lambda: NOW)
    assert not (folder / "old.parquet").exists()
    assert len(list(folder.glob("*.parquet"))) == 2, "the deleted row's file stays for readers of its version"


def test_compacting_twice_at_once_doubles_nothing(spark: SparkSession, lake: Lake) -> None:
    for number in range(6):
        store(lake, FRAMES, [on("2026-01-09", number)])
    task = Task(FRAMES, Work.OPTIMIZE, "2026-01-09", date(2026, 1, 9))
    tending = MaintenanceRunner(lake, lambda: spark, lambda: NOW, dry_run=False)
    with ThreadPoolExecutor(2) as pool:
        done = [future.result() for future in [pool.submit(tending.run_task, task) for _ in range(2)]]
    assert [one.error for one in done] == [None, None]
    assert stored(lake) == {("2026-01-09", number) for number in range(6)}


def test_one_task_that_fails_is_reported_and_stops_no_other(
    lake: Lake, told: MaintenanceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        store(lake, FRAMES, [on("2026-01-09", number)])
    monkeypatch.setattr(tend_tables, "MIN_FREE_BYTES", 10**18)
    done = run(no_spark, told, order("all"), NOW, lambda: NOW)
    assert [one.task.scope for one in done if one.error] == ["2026-01-09"]
    [reason] = [row[0] for row in reports(lake, "error") if row[0]]
    assert "make room, or lower PYCTURESTREAM_FRAMES_GB" in reason
    assert len(done) == 1 + len(told.rules()) + len(TABLES)


def test_compacting_leaves_room_on_the_disk(tmp_path: Path) -> None:
    check_room(tmp_path, 0)
    with pytest.raises(NoRoomError, match="compacting needs 1000000000"):
        check_room(tmp_path, 10**18)


def test_two_maintenances_at_once_are_refused(lake: Lake, told: MaintenanceSettings) -> None:
    told.shared.run.mkdir()
    with (
        FileLock(told.shared.run / "maintain_lake.lock"),
        pytest.raises(MaintenanceBusyError, match="another maintenance is at work"),
    ):
        run(no_spark, told, order("due"), NOW, lambda: NOW)


def test_the_command_prints_what_it_did(
    lake: Lake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.nice", lambda _by: 0)
    store(lake, DETECTIONS, [said_live(on("2026-01-09", 1), "detected")])
    env = {"PYCTURESTREAM_DATA": str(lake.root.parent), "PYCTURESTREAM_HOME": str(lake.root)}
    assert main(["--work", "vacuum", "--dry-run"], env) == 0
    printed = capsys.readouterr().out
    assert "detections" in printed
    assert "vacuum_full" in printed
    assert main(["--work", "due"], env) == 0, "a dry run did nothing, so all is due"
    assert main(["--work", "due"], env) == 0
    assert "nothing is due" in capsys.readouterr().out


def test_a_failure_is_shown_beside_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    task = Task(FRAMES, Work.OPTIMIZE, "2026-01-09")
    show([TaskReport(task, Extent(2, 2_000_000), None, None, "no room", NOW, NOW)], Console(width=100))
    [_, line] = capsys.readouterr().out.splitlines()
    assert line.split() == [
        "frames",
        "optimize",
        "2026-01-09",
        "2",
        "→",
        "2",
        "2.0",
        "→",
        "2.0",
        "no",
        "room",
    ]
