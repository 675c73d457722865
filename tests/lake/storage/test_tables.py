from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from benchmarks.support.tables.arrow_tables import write
from lake.schema.batch_schemas import CAMERA_HOURS
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES, TABLES
from lake.storage.delta_tables import append_rows
from lake.storage.tables import CHECKPOINT_EVERY, Lake
from tests.conftest import at
from tests.lake.spark_append import append_by_spark

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("a lake"))
    lake.create(spark)
    return lake


def test_every_column_of_every_table_says_what_it_means(spark: SparkSession, lake: Lake) -> None:
    for table in TABLES:
        for column in lake.read(spark, table).schema:
            assert column.metadata.get("comment"), f"{table.name}.{column.name}"


def test_the_columns_read_off_the_ddl_are_those_spark_reads(spark: SparkSession) -> None:
    for table in TABLES:
        assert table.columns == StructType.fromDDL(table.ddl).names


def test_making_the_tables_again_changes_nothing(spark: SparkSession, lake: Lake) -> None:
    before = lake.read(spark, FRAMES).schema
    lake.create(spark)
    assert lake.read(spark, FRAMES).schema == before


def test_a_table_of_an_older_version_gets_the_columns_it_lacks(spark: SparkSession, tmp_path: Path) -> None:
    lines = CAMERA_HOURS.ddl.splitlines(keepends=True)
    older = replace(CAMERA_HOURS, ddl="".join(line for line in lines if not line.startswith("gated ")))
    told = {"hour": at("11:00"), "camera_id": "door", "day": at("11:00").date(), "received": 7}
    write(tmp_path, older, [told])
    lake = Lake(tmp_path)
    lake.create(spark)
    append_rows(tmp_path, CAMERA_HOURS, [{**told, "camera_id": "yard", "gated": 3}])
    rows = lake.read(spark, CAMERA_HOURS).select("camera_id", "received", "gated").orderBy("camera_id")
    assert [tuple(row) for row in rows.collect()] == [("door", 7, None), ("yard", 7, 3)]
    assert lake.read(spark, CAMERA_HOURS).schema["gated"].metadata["comment"].startswith("pictures taken")


def test_a_detection_with_an_unknown_status_is_refused(spark: SparkSession, lake: Lake) -> None:
    row = spark.range(1).select(
        *(F.lit(None).cast(field.dataType).alias(field.name) for field in StructType.fromDDL(DETECTIONS.ddl))
    )
    row = row.withColumns({
        "topic": F.lit("pycturestream"), "partition": F.lit(0), "offset": F.lit(1).cast("long"),
        "appended_at": F.lit(at("11:00")), "day": F.lit(at("11:00")).cast("date"), "status": F.lit("lost"),
        "layer": F.lit("speed"),
    })  # fmt: skip
    with pytest.raises(Py4JJavaError, match="status_is_known"):
        append_by_spark(lake, row, DETECTIONS, "test", 1)


def test_a_batch_that_is_appended_twice_is_stored_once(spark: SparkSession, lake: Lake) -> None:
    ranges = spark.createDataFrame(
        [("q", "t", "id", 0, 1, 2, "expired", at("11:00"))], StructType.fromDDL(EXPIRED_RANGES.ddl)
    )
    for version in (7, 7, 6):
        append_by_spark(lake, ranges, EXPIRED_RANGES, "writer", version)
    assert lake.read(spark, EXPIRED_RANGES).count() == 1


def test_spark_and_rows_at_hand_are_appended_alike_and_know_of_each_other(
    spark: SparkSession, lake: Lake
) -> None:
    values = ["by-hand", "t", "id", 0, 1, 2, "expired", at("11:00")]
    by_hand = lake.rows(EXPIRED_RANGES, [dict(zip(EXPIRED_RANGES.columns, values, strict=True))])
    by_spark = spark.createDataFrame([tuple(values)], StructType.fromDDL(EXPIRED_RANGES.ddl))
    lake.append_arrow(by_hand, EXPIRED_RANGES, "both", 3)
    lake.append_arrow(by_hand, EXPIRED_RANGES, "both", 3)
    append_by_spark(lake, by_spark, EXPIRED_RANGES, "both", 3)
    append_by_spark(lake, by_spark, EXPIRED_RANGES, "both", 4)
    Lake(lake.root).append_arrow(by_hand, EXPIRED_RANGES, "both", 4)
    rows = lake.read(spark, EXPIRED_RANGES).where("query = 'by-hand'").toArrow().to_pylist()
    assert [list(row.values()) for row in rows] == [values, values]


def test_rows_at_hand_that_break_a_check_are_refused(lake: Lake) -> None:
    row = {"topic": "t", "topic_id": "id", "partition": 0, "offset": 1, "appended_at": at("11:00"),
           "day": at("11:00").date(), "status": "lost", "layer": "speed"}  # fmt: skip
    with pytest.raises(DeltaError, match="status"):
        lake.append_arrow(lake.rows(DETECTIONS, [row]), DETECTIONS, "by hand", 1)


def test_readers_without_a_jvm_can_read_every_table(lake: Lake) -> None:
    from deltalake import DeltaTable

    for table in TABLES:
        assert [field.name for field in DeltaTable(Path(lake.path(table))).schema().fields] == table.columns


def test_the_log_of_detections_is_kept_for_hours_not_for_days(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.create(spark)
    day = {"appended_at": at("11:00"), "day": at("11:00").date()}
    told = {**day, "topic": "t", "topic_id": "id", "partition": 0, "status": "detected", "layer": "speed"}
    log = tmp_path / DETECTIONS.name / "_delta_log"
    for number in range(CHECKPOINT_EVERY + 10):
        for file in log.glob("*.json"):
            os.utime(file, (time.time() - 7 * 3600,) * 2)
        lake.append_arrow(lake.rows(DETECTIONS, [{**told, "offset": number}]), DETECTIONS, "old", number)
    assert len(list(log.glob("*.json"))) < 20
    assert len(DeltaTable(tmp_path / DETECTIONS.name).to_pyarrow_table()) == CHECKPOINT_EVERY + 10
