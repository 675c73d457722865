"""Imported events through the whole batch layer: what the report shows, against pandas on the file."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from benchmarks.support.tables.hour_rows import add, rows_of
from jobs.events.import_events import import_events
from jobs.events.remove_events import remove_import
from lake.config.settings import Settings
from lake.schema.batch_schemas import CAMERA_HOURS, HOURLY_COUNTS, PUBLISHED_OBJECTS, QUALITY_RESULTS
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from tests.conftest import at
from tests.jobs import imported_day
from tests.jobs.event_lake import NOW, READING, bring_in, contents, file_of, row, take_out

pytestmark = pytest.mark.spark

EVENTS = 40_000


@pytest.fixture
def own(spark: SparkSession, tmp_path: Path) -> Settings:
    told = Settings(home=tmp_path, data=tmp_path / "data", time_zone="Europe/Berlin")
    Lake(told.lake).create(spark)
    return told


def now() -> datetime:
    return NOW


def test_every_chart_shows_an_imported_day_as_pandas_counts_it(
    spark: SparkSession, own: Settings, tmp_path: Path
) -> None:
    before, file = contents(own.lake), tmp_path / "day.json"
    imported_day.write_day(file, EVENTS)
    told = import_events(own, file, READING, lambda: spark, now)
    found = imported_day.counted(own.lake, NOW)
    objects, frames = imported_day.truth(file)
    assert imported_day.charts(found) == imported_day.expected(objects, frames)
    assert {one.state for one in found.hours} == {"published"}
    assert (told.done.published, told.done.held) == (len(found.hours), 0)

    some = {"cameras": frozenset({"door", "yard"}), "labels": frozenset({"cat", "dog"})}
    chosen = objects[objects["camera_id"].isin(some["cameras"]) & objects["label"].isin(some["labels"])]
    assert imported_day.counted(own.lake, NOW, **some).labels == imported_day.by(chosen, "label")

    rows = take_out(own, tmp_path / "out.json")
    named = zip(*(frames_and_objects(file)[key] for key in rows[0]), strict=True)
    assert Counter(tuple(one.values()) for one in rows) == Counter(named)

    failed = "SELECT expectation FROM quality_results WHERE NOT success AND severity = 'critical'"
    assert read_rows(own.lake, failed, QUALITY_RESULTS) == []
    again = import_events(own, file, READING, lambda: pytest.fail("all is published"), now)
    assert again.staged is None
    remove_import(own, told.about, lambda: pytest.fail("nothing is shared"), now)
    assert contents(own.lake) == before == {}


def frames_and_objects(file: Path) -> dict[str, list[str]]:
    """The file's columns."""
    import pandas as pd

    columns: dict[str, list[str]] = pd.read_json(file, dtype=False, convert_dates=False).to_dict("list")
    return columns


def test_of_an_hour_that_two_imports_share_only_one_is_taken_out(
    spark: SparkSession, own: Settings, tmp_path: Path
) -> None:
    first = file_of(tmp_path, [row("cat", "2026-01-02 11:00"), row("cat", "2026-01-02 11:00")], "first.json")
    second = file_of(
        tmp_path, [row("dog", "2026-01-02 11:30"), row("ape", "2026-01-02 12:30")], "second.json"
    )
    about, _ = bring_in(own, first).about, bring_in(own, second)
    served = {"hour": at("10:00"), "camera_id": "door", "day": at("10:00").date()}
    stale = served | {"topic": "imported", "topic_id": about.sha256, "label": "cat", "score": 1.0}
    add(own.lake, PUBLISHED_OBJECTS, [stale, stale])
    add(own.lake, HOURLY_COUNTS, [served | {"label": "cat", "object_count": 2}])
    add(own.lake, CAMERA_HOURS, [served | {"received": 2, "objects": 3}])

    remove_import(own, about, lambda: spark, now)
    assert rows_of(own.lake, PUBLISHED_OBJECTS, "hour, label", "hour") == [(at("10:00"), "dog")]
    counts = rows_of(own.lake, HOURLY_COUNTS, "hour, label, object_count", "hour")
    assert counts == [(at("10:00"), "dog", 1)]
    assert rows_of(own.lake, CAMERA_HOURS, "hour, received, objects", "hour") == [(at("10:00"), 1, 1)]
