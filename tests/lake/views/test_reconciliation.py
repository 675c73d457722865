"""Every record the broker took in a closed hour is explained, and every object that was counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from lake.config.settings import Settings
from lake.schema.batch_schemas import BROKER_HOURS, CAMERA_HOURS, PUBLICATIONS, PUBLISHED_OBJECTS
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES
from lake.schema.table import Table
from lake.spark.catalog import register_lake
from lake.storage.tables import Lake
from tests.conftest import at

pytestmark = pytest.mark.spark

DAY = at("10:00").date()
TOPIC = {"topic": "pycturestream", "topic_id": "id"}


def record(offset: int, partition: int = 0, **other: Any) -> dict[str, Any]:
    appended = at("10:00").replace(minute=offset)
    return {**TOPIC, "partition": partition, "offset": offset, "appended_at": appended, "day": DAY, **other}


def row(offset: int, status: str = "detected", *scores: float, **other: Any) -> dict[str, Any]:
    said = {"camera_id": "door", "frame_id": f"frame/{offset}", "layer": "speed", "run_id": "s",
            "observed_at": at("10:00"), "finished_at": at("10:30"), **other}  # fmt: skip
    objects = [{"label": "cat", "score": score} for score in scores]
    return {**record(offset), "status": status, "objects": objects, **said}


def batch(offset: int, *scores: float, **other: Any) -> dict[str, Any]:
    return row(offset, "detected", *scores, layer="batch", run_id="b", **other)


DETECTED = [
    row(0, "detected", 0.9, 0.49),
    row(1, "detected", 0.9),
    batch(1, 0.9, 0.8),
    row(2, "detected", 0.9, frame_id="frame/0"),  # sent before
    row(3, "detected", 0.9, replay_id="again"),
    row(4, "detected", 0.9, camera_id="yard"),  # not published
    row(5, "skipped_stale"),
    row(6, "corrupt", camera_id=None),
    row(7, "detected", 0.9),
    batch(7, 0.9, 0.9, 0.9, finished_at=at("12:30")),  # after the hour was counted
    batch(0, frame_id="of the other partition", partition=1),
    row(9, "detected"),
    row(10, "skipped_superseded"),
    row(11, "detected", 0.9, observed_at=at("11:00")),
    row(12, "detected", 0.9, observed_at=at("11:59")),  # of an hour that is still open
    row(0, "detected", 0.9, topic="synthetic", topic_id="seed"),
]
GONE = {"query": "detect_objects", "cause": "expired", **TOPIC, "partition": 0, "found_at": at("11:00")}
EXPIRED = [
    {**GONE, "from_offset": 8, "to_offset": 9},
    {**GONE, "from_offset": 8, "to_offset": 9},  # found again after a restart
    {**GONE, "from_offset": 1, "to_offset": 2},  # analysed later, out of the archive
    {**GONE, "from_offset": 5, "to_offset": 7, "query": "archive_frames"},
]
HOURS = [
    (at("10:00"), 0, 0, 9, at("11:01")), (at("10:00"), 0, 0, 9, at("11:02")),
    (at("10:00"), 1, 0, 1, at("11:01")),
    (at("11:00"), 0, 9, 12, at("12:01")), (at("11:00"), 1, 1, 1, at("12:01")),
]  # fmt: skip
BROKER = [
    {**TOPIC, "hour": hour, "partition": partition, "from_offset": start, "to_offset": end, "read_at": read}
    for hour, partition, start, end, read in HOURS
]
SHOWN = [
    {**record(offset), "hour": at("10:00"), "camera_id": "door", "object_number": number, "score": score}
    for offset, number, score in [(0, 0, 0.9), (0, 1, 0.49), (1, 0, 0.9), (1, 1, 0.8), (7, 0, 0.9)]
]
DOOR = {"hour": at("10:00"), "camera_id": "door", "day": DAY}
TEN = {
    "hour": at("10:00"), "received": 10, "analysed_live": 4, "analysed_batch": 3, "skipped": 1, "corrupt": 1,
    "expired": 1, "unexplained": 0, "archived": 4, "unarchived": 6, "objects_live": 6, "objects_batch": 5,
    "objects_superseded": 2, "objects_duplicate": 1, "objects_replayed": 1, "objects_unpublished": 1,
    "objects_late": 2, "objects_published": 4, "objects_unexplained": 0,
}  # fmt: skip
ELEVEN = {
    **dict.fromkeys(TEN, 0), "hour": at("11:00"), "received": 3, "analysed_live": 2, "skipped": 1,
    "unarchived": 3, "objects_live": 1, "objects_unpublished": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def lake(spark: SparkSession, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    own = replace(settings, data=tmp_path_factory.mktemp("reconciled"))
    lake = Lake(own.lake)
    lake.create(spark)

    def fill(table: Table, rows: list[dict[str, Any]]) -> None:
        stored = DeltaTable(lake.path(table))
        schema = pa.schema(stored.schema().to_arrow())
        write_deltalake(stored, pa.Table.from_pylist(rows, schema=schema), mode="append")

    fill(DETECTIONS, DETECTED)
    fill(FRAMES, [record(offset) for offset in (0, 1, 2, 3, 3)])
    fill(EXPIRED_RANGES, EXPIRED)
    fill(BROKER_HOURS, BROKER)
    fill(PUBLISHED_OBJECTS, SHOWN)
    fill(CAMERA_HOURS, [{**DOOR, "counted_at": at("12:00")}])
    fill(PUBLICATIONS, [{**DOOR, "state": "published", "decided_at": at("12:01")}])
    register_lake(spark, own, "reconciliation")
    yield lake
    spark.catalog.setCurrentDatabase("default")
    spark.sql("DROP DATABASE pycturestream CASCADE")


def reconciliation(spark: SparkSession) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = spark.table("reconciliation").toArrow().sort_by("hour").to_pylist()
    return rows


def test_every_cause_is_counted_by_itself_and_nothing_is_left(spark: SparkSession, lake: Lake) -> None:
    assert reconciliation(spark) == [TEN, ELEVEN]


def test_a_row_that_is_lost_is_unexplained(spark: SparkSession, lake: Lake) -> None:
    detections = DeltaTable(lake.path(DETECTIONS))
    detections.delete("\"offset\" = 5 AND topic = 'pycturestream'")
    shown = DeltaTable(lake.path(PUBLISHED_OBJECTS))
    shown.delete('"offset" = 0 AND object_number = 0')
    lost = {"skipped": 0, "unexplained": 1, "objects_published": 3, "objects_unexplained": 1}
    assert reconciliation(spark) == [{**TEN, **lost}, ELEVEN]
