from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.maintenance.plan import Extent, PastWork, Task, Work, due_tasks, possible_tasks
from jobs.maintenance.settings import MaintenanceSettings, Retention
from lake.config.settings import SettingError, Settings
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, FRAMES
from tests.conftest import at

NOW = at("11:25", "2026-01-10")
TODAY, YESTERDAY, BEFORE = date(2026, 1, 10), date(2026, 1, 9), date(2026, 1, 8)


def said(work: Work, scope: str, finished: datetime, files: int = 1, **other: Any) -> dict[str, Any]:
    """A row of `maintenance_reports`."""
    row = {"table_name": "frames", "work": str(work), "scope": scope, "finished_at": finished}
    return {**row, "files_after": files, "dry_run": False, "error": None, **other}


def compacted(days: dict[date, int], *before: dict[str, Any], now: datetime = NOW) -> list[date | None]:
    """Days of `frames` that are due for compaction, with so many files each."""
    extents = {day: Extent(files, 10) for day, files in days.items()}
    found = list(possible_tasks(FRAMES, extents, [], [Work.OPTIMIZE], now))
    return [task.day for task in due_tasks(found, extents, PastWork.of(before), now)]


def test_today_is_compacted_hourly_when_it_has_many_files() -> None:
    hour_ago = said(Work.OPTIMIZE, "2026-01-10", at("10:25", "2026-01-10"))
    minutes_ago = said(Work.OPTIMIZE, "2026-01-10", at("11:00", "2026-01-10"))
    assert compacted({TODAY: 15}) == []
    assert compacted({TODAY: 16}) == [TODAY]
    assert compacted({TODAY: 16}, hour_ago) == [TODAY]
    assert compacted({TODAY: 16}, hour_ago, minutes_ago) == []


def test_a_day_that_is_over_is_compacted_once() -> None:
    while_open = said(Work.OPTIMIZE, "2026-01-09", at("23:25", "2026-01-09"), files=3)
    closed = said(Work.OPTIMIZE, "2026-01-09", at("00:25", "2026-01-10"), files=3)
    assert compacted({BEFORE: 1, YESTERDAY: 2}, while_open) == [YESTERDAY]
    assert compacted({YESTERDAY: 19}, while_open, closed) == []
    assert compacted({YESTERDAY: 20}, while_open, closed) == [YESTERDAY], "many late files came"


def test_dry_runs_and_failures_count_for_nothing() -> None:
    closed = said(Work.OPTIMIZE, "2026-01-09", at("00:25", "2026-01-10"))
    assert compacted({YESTERDAY: 2}, {**closed, "dry_run": True}, {**closed, "error": "x"}) == [YESTERDAY]


def test_a_table_without_days_is_compacted_daily_when_it_has_many_files() -> None:
    last = said(Work.OPTIMIZE, "all", at("11:25", "2026-01-09"), table_name="detector_runs")
    for files, reports, expected in ((15, [], 0), (16, [], 1), (16, [last], 1)):
        days = {None: Extent(files)}
        found = list(possible_tasks(DETECTOR_RUNS, days, [], [Work.OPTIMIZE], NOW))
        assert len(due_tasks(found, days, PastWork.of(reports), NOW)) == expected
    assert (
        due_tasks(found, days, PastWork.of([{**last, "finished_at": at("13:00", "2026-01-09")}]), NOW) == []
    )


def vacuums(*before: dict[str, Any]) -> list[Work]:
    found = possible_tasks(FRAMES, {}, [], [Work.VACUUM_LITE, Work.VACUUM_FULL], NOW)
    return [task.work for task in due_tasks(found, {}, PastWork.of(before), NOW)]


def test_a_vacuum_by_the_log_comes_every_six_hours_and_a_full_one_weekly() -> None:
    full = said(Work.VACUUM_FULL, "all", at("11:25", "2026-01-05"))
    assert vacuums() == [Work.VACUUM_FULL]
    assert vacuums(full) == [Work.VACUUM_LITE]
    assert vacuums(full, said(Work.VACUUM_LITE, "all", at("05:25", "2026-01-10"))) == [Work.VACUUM_LITE]
    assert vacuums(full, said(Work.VACUUM_LITE, "all", at("06:25", "2026-01-10"))) == []
    assert vacuums(said(Work.VACUUM_FULL, "all", at("06:25", "2026-01-10"))) == [], "a full one is lite too"
    assert vacuums(said(Work.VACUUM_FULL, "all", at("11:25", "2026-01-03"))) == [Work.VACUUM_FULL]


def deleted(keep: Retention, days: dict[date, int]) -> str:
    extents = {day: Extent(1, size) for day, size in days.items()}
    [task] = possible_tasks(keep.table, extents, [keep], [Work.RETENTION], NOW)
    return task.scope


def test_rows_are_deleted_after_their_days() -> None:
    assert deleted(Retention(DETECTIONS, 2), {TODAY: 1}) == "day < DATE '2026-01-08'"
    demo = Retention(FRAMES, 1, where="camera_id = 'demo'")
    assert deleted(demo, {}) == "day < DATE '2026-01-09' AND camera_id = 'demo'"


@pytest.mark.parametrize(
    ("sizes", "first_kept"),
    [
        ((40, 30, 30), "2026-01-03"),  # fits: only its age counts
        ((41, 30, 30), "2026-01-09"),
        ((10, 71, 30), "2026-01-10"),  # an older day would fit, but none is kept before a deleted one
        ((10, 10, 101), "2026-01-10"),  # today stays, however large
    ],
)
def test_whole_days_are_deleted_oldest_first_until_the_rest_fits(
    sizes: tuple[int, int, int], first_kept: str
) -> None:
    days = dict(zip((BEFORE, YESTERDAY, TODAY), sizes, strict=True))
    assert deleted(Retention(FRAMES, 7, max_bytes=100), days) == f"day < DATE '{first_kept}'"


def test_the_same_deletion_is_not_tried_every_hour() -> None:
    [task] = possible_tasks(FRAMES, {}, [Retention(FRAMES, 7)], [Work.RETENTION], NOW)
    assert task == Task(FRAMES, Work.RETENTION, "day < DATE '2026-01-03'")
    assert due_tasks([task], {}, PastWork.of([]), NOW) == [task]
    assert (
        due_tasks([task], {}, PastWork.of([said(Work.RETENTION, task.scope, at("00:25", "2026-01-10"))]), NOW)
        == []
    )


def test_what_is_kept_how_long_is_a_setting() -> None:
    env = {"PYCTURESTREAM_FRAMES_GB": "0.5", "PYCTURESTREAM_DEMO_FRAMES_DAYS": "2"}
    settings = MaintenanceSettings.from_env(env)
    assert settings.rules()[:2] == (
        Retention(FRAMES, 2, where="camera_id = 'demo'"),
        Retention(FRAMES, 7, max_bytes=500_000_000),
    )
    shared = Settings(home=Path("/h"), data=Path("/d"))
    assert {keep.table.name: keep.days for keep in MaintenanceSettings(shared).rules()} == {
        "frames": 7, "detections": 400, "objects_candidate": 30, "camera_hours_candidate": 30,
        "published_objects": 400, "minute_counts": 400, "quality_results": 400,
        "stream_progress": 7, "camera_status": 30,
    }  # fmt: skip
    with pytest.raises(SettingError, match="FRAMES_DAYS='0'"):
        MaintenanceSettings.from_env({"PYCTURESTREAM_FRAMES_DAYS": "0"})
