"""What an older commit wrote gives the same answers in Spark SQL; its hours are worked on as any others."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial

import pytest
from pyspark.sql import SparkSession

from jobs.harness.settings import BatchSettings
from jobs.pipeline.batch import Batch
from lake.config.settings import PREFIX, Settings
from lake.contracts.hours import Scope, format_hour
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.schema.schemas import TABLES
from lake.spark.catalog import register_lake
from lake.spark.sql_shell import json_value
from lake.storage.tables import Lake
from tests.upgrades.make_lake import describe
from tests.upgrades.old_data import OldData, lines_of, rows_of

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def upgraded(spark: SparkSession, old: OldData) -> Iterator[OldData]:
    """The tables after what the stream does to them when it starts; their names in Spark SQL."""
    settings = old.settings(Settings.from_env(os.environ).home)
    Lake(old.lake).create(spark)
    register_lake(spark, settings)
    yield old
    spark.catalog.setCurrentDatabase("default")
    spark.sql("DROP DATABASE pycturestream CASCADE")


def test_the_tables_have_today_s_columns(spark: SparkSession, upgraded: OldData) -> None:
    for table in TABLES:
        assert set(spark.table(table.name).columns) == set(table.columns), table.name


def test_every_table_and_view_answers_as_it_did(spark: SparkSession, upgraded: OldData) -> None:
    for name, told in upgraded.relations.items():
        columns = ", ".join(f"`{column}`" for column in told["columns"]) or "*"
        rows = spark.sql(f"SELECT {columns} FROM {name}").toArrow().to_pylist()
        assert describe([json_value(row) for row in rows]) == told, name


def test_every_recorded_question_is_answered_as_it_was(spark: SparkSession, upgraded: OldData) -> None:
    for name, told in upgraded.contents["sums"].items():
        rows = spark.sql(upgraded.contents["questions"][name]).toArrow().to_pylist()
        assert [json_value(row) for row in rows] == told, name


@pytest.mark.model
def test_an_old_hour_is_analysed_counted_and_published_and_a_held_one_stays_held(
    spark: SparkSession, upgraded: OldData
) -> None:
    """By the clock of then: today its frames may be past retention."""
    before = {name: rows_of(upgraded.lake, name) for name in ("published_objects", "publications")}
    decided = {row["hour"]: row["state"] for row in upgraded.sums("decisions")}
    [held] = [hour for hour, state in decided.items() if state == "held"]
    skipped = {
        f"{row['observed_at'][:13]}:00:00.000000Z"
        for row in rows_of(upgraded.lake, "detections")
        if row["topic"] == FRAMES_TOPIC and row["camera_id"] == "door"
    }
    [open_hour] = skipped - set(decided)
    told: list[str] = []
    env = {**os.environ, PREFIX + "DATA": str(upgraded.data), PREFIX + "TIME_ZONE": upgraded.contents["zone"]}
    now = partial(datetime.fromisoformat, upgraded.contents["made_at"])
    batch = Batch(spark, BatchSettings.from_env(env), Lake(upgraded.lake), "upgrade", now, told.append)
    hours = tuple(datetime.fromisoformat(hour) for hour in (held, open_hour))
    assert batch.run(Scope(hours)) is False
    assert f"published {format_hour(hours[1])}: door" in told, told
    assert any(sentence.startswith(f"held {format_hour(hours[0])}, door: ") for sentence in told), told
    after = {name: rows_of(upgraded.lake, name) for name in before}
    for name, rows in before.items():
        columns = sorted(rows[0])
        assert Counter(lines_of(rows, columns)) <= Counter(lines_of(after[name], columns)), name
    new = [row for row in after["published_objects"] if row["hour"] == open_hour]
    assert {"person"} <= {row["label"] for row in new}
    assert len(after["published_objects"]) == len(before["published_objects"]) + len(new)
