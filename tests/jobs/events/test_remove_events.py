from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.support.tables.hour_rows import add, outcome, record, rows_of, thing
from jobs.events.event_rows import ReadOptions
from jobs.events.imported_events import imports_of
from jobs.events.remove_events import UnknownImportError, find_import, remove_import
from jobs.maintenance.maintain_lake import MaintenanceRequest, run
from jobs.maintenance.settings import MaintenanceSettings
from lake.config.settings import Settings
from lake.schema.batch_schemas import CAMERA_HOURS, HOURLY_COUNTS, PUBLICATIONS, PUBLISHED_OBJECTS
from lake.schema.schemas import DETECTIONS
from tests.conftest import at
from tests.jobs.event_lake import NOW, bring_in, contents, empty_lake, file_of, no_spark, row

ROWS = [row("cat", "2026-01-02 11:00:00"), row("Nothing detected", "2026-01-02 12:00:00", "yard")]
DAY = at("10:00").date()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return empty_lake(tmp_path / "data")


def published(settings: Settings, hour: str, camera: str, run_id: str, topic_id: str) -> None:
    """Some of what publishing an hour with an object writes."""
    about = {"hour": at(hour), "camera_id": camera, "day": DAY}
    add(
        settings.lake,
        PUBLISHED_OBJECTS,
        [about | {"topic": "imported", "topic_id": topic_id, "label": "cat"}],
    )
    for table in (CAMERA_HOURS, HOURLY_COUNTS):
        add(settings.lake, table, [about])
    decided = {"state": "published", "run_id": run_id, "decided_at": NOW}
    add(settings.lake, PUBLICATIONS, [about | decided])


def test_an_import_is_taken_out_and_all_else_stays(settings: Settings, tmp_path: Path) -> None:
    add(settings.lake, DETECTIONS, [outcome(record(0, at("10:30"), "gate"), "detected", thing())])
    bring_in(settings, file_of(tmp_path, [row("dog", "2026-01-02 15:00")], "other.json"))
    published(settings, "10:00", "gate", "hourly", "real")
    before = contents(settings.lake)
    about = bring_in(settings, file_of(tmp_path, ROWS)).about
    published(settings, "10:00", "door", about.run_id, about.sha256)
    published(settings, "11:00", "yard", "hourly", about.sha256)
    assert contents(settings.lake) != before
    assert remove_import(settings, about, no_spark, lambda: NOW) == 2
    assert contents(settings.lake) == before


def test_retention_leaves_imported_events_however_old_they_are(settings: Settings, tmp_path: Path) -> None:
    days = range(28, 32)
    real = [record(day, at("10:00", f"2020-12-{day}"), "gate") for day in days]
    add(settings.lake, DETECTIONS, [outcome(one, "detected", thing()) for one in real])
    bring_in(settings, file_of(tmp_path, [row("cat", f"2020-12-{day} 11:00") for day in days]))
    order = MaintenanceRequest("retention", "run", dry_run=False)
    told = MaintenanceSettings(settings, detections_days=1)
    run(no_spark, told, order, at("10:00", "2020-12-31"), lambda: NOW)
    kept = rows_of(settings.lake, DETECTIONS, "topic, date_part('day', day)", "topic, day")
    assert kept == [("imported", day) for day in days] + [("pycturestream", 30), ("pycturestream", 31)]


def test_a_removal_that_was_killed_goes_on_where_it_was(settings: Settings, tmp_path: Path) -> None:
    about = bring_in(settings, file_of(tmp_path, ROWS)).about
    published(settings, "10:00", "door", about.run_id, about.sha256)
    from deltalake import DeltaTable

    DeltaTable(settings.lake / DETECTIONS.name).delete(about.row_condition)
    assert remove_import(settings, about, no_spark, lambda: NOW) == 0
    assert contents(settings.lake) == {}


def test_what_was_taken_out_can_be_imported_in_another_way(settings: Settings, tmp_path: Path) -> None:
    about = bring_in(settings, file_of(tmp_path, ROWS)).about
    remove_import(settings, about, no_spark, lambda: NOW)
    again = bring_in(settings, file_of(tmp_path, ROWS), ReadOptions("UTC")).about
    assert imports_of(settings.lake) == [again]


def test_an_import_goes_by_its_digest_or_by_its_name(settings: Settings, tmp_path: Path) -> None:
    first = bring_in(settings, file_of(tmp_path, ROWS)).about
    second = bring_in(settings, file_of(tmp_path, [row("dog", "2026-01-02 15:00")], "more.json")).about
    both = imports_of(settings.lake)
    assert find_import(both, "more.json") == find_import(both, second.sha256[:12]) == second
    third = bring_in(settings, file_of(tmp_path, [row("dog", "2026-01-02 16:00")], "more.json")).about
    with pytest.raises(UnknownImportError) as refused:
        find_import(imports_of(settings.lake), "more.json")
    named = ", ".join(f"{digest[:12]} (more.json)" for digest in sorted((second.sha256, third.sha256)))
    assert str(refused.value) == f"'more.json' names 2 imports: say one of {named}"
    with pytest.raises(
        UnknownImportError, match=rf"^'x' names 0 imports: say one of .*{first.sha256[:12]} \(ev"
    ):
        find_import(imports_of(settings.lake), "x")
    with pytest.raises(UnknownImportError, match=r"^'' names 0 imports: say one of none at all$"):
        find_import([], "")
