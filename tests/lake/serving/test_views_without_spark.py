"""What is served of hours that were published, held, left open or never counted, in both SQL engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from lake.config.settings import Settings
from lake.schema.batch_schemas import CAMERA_HOURS, HOURLY_COUNTS, PUBLICATIONS, PUBLISHED_OBJECTS
from lake.schema.schemas import DETECTIONS, FRAMES, TABLES
from lake.schema.table import Table
from lake.serving.open_tables import OpenTables
from lake.serving.questions import of_live_hours
from lake.spark.catalog import register_lake
from lake.storage.tables import Lake
from lake.views.publication_states import decisions
from tests.conftest import at

pytestmark = pytest.mark.spark

DAY = at("10:00").date()
CAT = ("cat", 0.75)


def record(offset: int) -> dict[str, Any]:
    return {
        "topic": "pycturestream", "topic_id": "id", "partition": 0, "offset": offset,
        "appended_at": at("11:30").replace(second=offset),
    }  # fmt: skip


def row(
    offset: int, camera: str | None, clock: str, *seen: tuple[str, float], **other: Any
) -> dict[str, Any]:
    """One row of detections, or of frames."""
    return {
        **record(offset), "camera_id": camera, "frame_id": f"frame/{offset}", "observed_at": at(clock),
        "clock_skewed": False, "layer": "speed", "run_id": "s", "status": "detected", "day": DAY,
        "objects": [{"label": label, "score": score, "sector_v": "top"} for label, score in seen],
        "finished_at": at(clock).replace(microsecond=250_000), **other,
    }  # fmt: skip


DETECTED = [
    row(1, "door", "10:00:00", CAT),  # published
    row(2, "door", "11:00:00", CAT),  # held, never published
    row(3, "yard", "10:00:00", CAT, CAT),  # held after it was published
    row(4, "yard", "11:00:00", CAT),  # open
    row(5, "gate", "11:00:00", CAT, ("dog", 0.55), ("mouse", 0.2)),
    row(6, "gate", "11:00:04", status="skipped_stale"),
    row(6, "gate", "11:00:04", ("dog", 0.75), layer="batch", run_id="b"),
    row(7, "gate", "11:00:30", CAT),
    row(7, "gate", "11:00:30", layer="batch", run_id="b"),  # the batch sees nothing there
    row(8, "gate", "11:00:31", CAT, frame_id="frame/5"),  # sent before
    row(9, "gate", "11:00:32", CAT, replay_id="again"),
    row(10, "gate", "11:59:55", CAT, clock_skewed=True, appended_at=at("12:06")),
    row(11, None, "11:10:00", status="malformed"),
    row(12, "door", "12:00:00", CAT),
]
ARCHIVED = [row(5, "gate", "11:00:00"), row(13, "gate", "11:20:00")]


def seen_object(camera: str, number: int, label: str, score: float) -> dict[str, Any]:
    return {
        **record(50), "hour": at("10:00"), "camera_id": camera, "observed_at": at("10:00:01"),
        "frame_id": "published", "object_number": number, "label": label, "score": score,
        "sector_v": "top", "sector_h": "left", "layer": "batch", "run_id": "b", "day": DAY,
    }  # fmt: skip


PUBLISHED = [
    seen_object("door", 0, "dog", 0.75), seen_object("door", 1, "dog", 0.69),
    seen_object("yard", 0, "bird", 0.9), seen_object("roof", 0, "bird", 0.9),
]  # fmt: skip


def decided(camera: str, hour: str, state: str, clock: str) -> dict[str, Any]:
    return {"camera_id": camera, "hour": at(hour), "state": state, "decided_at": at(clock), "run_id": "a",
            "day": DAY, "reasons": ["bad scores"] if state == "held" else None}  # fmt: skip


DECIDED = [
    decided("door", "10:00", "open", "12:00"), decided("door", "10:00", "published", "12:01"),
    decided("door", "10:00", "open", "12:30"),
    decided("door", "11:00", "open", "12:00"), decided("door", "11:00", "held", "12:01"),
    decided("yard", "10:00", "published", "12:01"), decided("yard", "10:00", "held", "12:31"),
    decided("yard", "11:00", "open", "12:00"),
]  # fmt: skip


@pytest.fixture(scope="module")
def lake(spark: SparkSession, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    own = replace(settings, data=tmp_path_factory.mktemp("served"), report_threshold=0.75)
    lake = Lake(own.lake)
    lake.create(spark)

    def fill(table: Table, rows: list[dict[str, Any]]) -> None:
        stored = DeltaTable(lake.path(table))
        schema = pa.schema(stored.schema().to_arrow())
        write_deltalake(stored, pa.Table.from_pylist(rows, schema=schema), mode="append")

    fill(DETECTIONS, DETECTED)
    fill(FRAMES, ARCHIVED)
    fill(PUBLISHED_OBJECTS, PUBLISHED)
    counted = {"hour": at("10:00"), "label": "dog", "sector_v": "top", "sector_h": "left", "day": DAY}
    cameras = {"door": 2, "yard": 3, "roof": 4}
    fill(
        HOURLY_COUNTS,
        [
            {**counted, "camera_id": camera, "score_bin": 0.75, "object_count": count}
            for camera, count in cameras.items()
        ],
    )
    covered = {"hour": at("10:00"), "received": 5, "analysed": 4, "day": DAY, "run_id": "c"}
    fill(CAMERA_HOURS, [{**covered, "camera_id": camera} for camera in cameras])
    fill(PUBLICATIONS, DECIDED)
    register_lake(spark, own, "objects serving_counts serving_camera_hours")
    yield lake
    spark.catalog.setCurrentDatabase("default")
    spark.sql("DROP DATABASE pycturestream CASCADE")


def rows(table: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    """Rows in an order of their own."""
    chosen = [tuple(row[name] for name in names or table.column_names) for row in table.to_pylist()]
    return sorted(chosen, key=str)


def served(lake: Lake, view: str, where: str = "TRUE") -> pa.Table:
    """Rows of a view, asked for as pages ask."""
    opened = OpenTables(lake.root, lambda: at("13:00"), tuple(table.name for table in TABLES)).now()
    sql = of_live_hours(f"SELECT v.* FROM {view} v WHERE {where}", opened.live_hours)
    return opened.ask(sql.format(threshold="0.75"))


@pytest.mark.parametrize("view", ["objects", "serving_counts", "serving_camera_hours"])
def test_both_engines_serve_the_same(spark: SparkSession, lake: Lake, view: str) -> None:
    ours, theirs = spark.table(view).toArrow(), served(lake, view)
    assert ours.column_names == theirs.column_names
    assert rows(ours) == rows(theirs)


def test_objects_are_served_as_published_or_else_live_and_never_of_a_held_hour(lake: Lake) -> None:
    assert rows(
        served(lake, "objects"), "state", "hour", "camera_id", "offset", "object_number", "label", "layer"
    ) == [
        ("live", at("11:00"), "gate", 10, 0, "cat", "speed"),
        ("live", at("11:00"), "gate", 5, 0, "cat", "speed"),
        ("live", at("11:00"), "gate", 6, 0, "dog", "batch"),
        ("live", at("11:00"), "yard", 4, 0, "cat", "speed"),
        ("live", at("12:00"), "door", 12, 0, "cat", "speed"),
        ("published", at("10:00"), "door", 50, 0, "dog", "batch"),
        ("published", at("10:00"), "yard", 50, 0, "bird", "batch"),
    ]


def test_counts_are_served_in_bins_whose_edges_belong_to_them(lake: Lake) -> None:
    found = served(lake, "serving_counts", "hour < TIMESTAMP '2026-01-02T12:00:00Z'")
    assert rows(found, "state", "hour", "camera_id", "label", "score_bin", "object_count") == [
        ("live", at("11:00"), "gate", "cat", 0.75, 2),
        ("live", at("11:00"), "gate", "dog", 0.55, 1),
        ("live", at("11:00"), "gate", "dog", 0.75, 1),
        ("live", at("11:00"), "gate", "mouse", 0.2, 1),
        ("live", at("11:00"), "yard", "cat", 0.75, 1),
        ("published", at("10:00"), "door", "dog", 0.75, 2),
        ("published", at("10:00"), "yard", "dog", 0.75, 3),
    ]


def camera_hour(lake: Lake, camera: str, hour: datetime) -> dict[str, Any]:
    hours = served(lake, "serving_camera_hours", "day = DATE '2026-01-02'")
    (found,) = [row for row in hours.to_pylist() if (row["camera_id"], row["hour"]) == (camera, hour)]
    return {name: value for name, value in found.items() if value}


def test_coverage_of_a_live_hour_is_computed_as_a_recount_would(lake: Lake) -> None:
    assert camera_hour(lake, "gate", at("11:00")) == {
        "hour": at("11:00"), "camera_id": "gate", "received": 6, "analysed": 4, "analysed_live": 2,
        "analysed_batch": 2, "analysed_by_minute": [3, *[0] * 58, 1],
        "pending": 1, "duplicates": 1, "late": 1, "clock_skewed": 1, "objects": 5,
        # From 11:00:00 to :04 and :04 to :14; 10 s from :30; and 5 s to the end of the hour.
        "seconds_observed": 4.0 + 10 + 10 + 5, "latency_p50_s": 0.25, "latency_p95_s": 0.25,
        "frame_rows": 2, "detection_rows": 7, "day": DAY, "state": "live",
    }  # fmt: skip
    assert camera_hour(lake, "(unknown)", at("11:00"))["malformed"] == 1


def test_published_coverage_is_served_as_it_was_counted(lake: Lake) -> None:
    assert camera_hour(lake, "yard", at("10:00")) == {
        "hour": at("10:00"), "camera_id": "yard", "received": 5, "analysed": 4, "run_id": "c", "day": DAY,
        "state": "published",
    }  # fmt: skip


def test_the_newest_decision_counts_and_open_is_none(lake: Lake) -> None:
    found = [
        (one["camera_id"], one["hour"], one["state"], one["serving"], one["reasons"])
        for one in decisions(lake.root)
    ]
    assert found == [
        ("door", at("10:00"), "published", "published", None),
        ("yard", at("10:00"), "held", "published", ["bad scores"]),
        ("door", at("11:00"), "held", "nothing", ["bad scores"]),
    ]
    assert [one["hour"] for one in decisions(lake.root, "camera_id = 'yard'")] == [at("10:00")]
