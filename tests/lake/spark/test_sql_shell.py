from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from lake.config.settings import Settings
from lake.schema.schemas import CAMERA_REGISTRATIONS, DETECTIONS, EXPIRED_RANGES, FRAMES
from lake.spark.catalog import LakeEmptyError, check_lake, register_lake
from lake.spark.sql_shell import Format, print_answer, run_statement, shell
from lake.storage.delta_tables import append_rows
from lake.storage.tables import Lake
from tests.conftest import at
from tests.lake.spark_append import append_by_spark

pytestmark = pytest.mark.spark

CAT, DOG, MOUSE = ("cat", 0.9), ("dog", 0.5), ("mouse", 0.49)


def detection(
    offset: int, status: str = "detected", *seen: tuple[str, float], **other: Any
) -> dict[str, Any]:
    said = {
        "frame_id": f"door/s/{offset}",
        "layer": "speed",
        "finished": "11:00:02",
        "replay_id": None,
        **other,
    }
    objects = [(label, score, 0.1, 0.1, 0.2, 0.2, "top", "left") for label, score in seen]
    return {
        **record(offset), "camera_id": "door", "frame_id": said["frame_id"], "observed_at": at("11:00"),
        "clock_skewed": False, "replay_id": said["replay_id"], "layer": said["layer"], "run_id": "r",
        "status": status, "objects": objects, "finished_at": at("11:00:02"), "day": at("11:00").date(),
    }  # fmt: skip


def record(offset: int) -> dict[str, Any]:
    return {"topic": "pycturestream", "topic_id": "id", "partition": 0, "offset": offset,
            "appended_at": at("11:00:01").replace(second=offset)}  # fmt: skip


ROWS = [
    detection(0, "detected", CAT, MOUSE),
    detection(1, "skipped_stale"),
    detection(1, "detected", DOG, layer="batch"),  # the batch layer analysed what was skipped
    detection(2, "detected", CAT, CAT),
    detection(2, "detected", DOG, layer="batch"),  # batch goes before speed
    detection(3, "detected", CAT, frame_id="door/s/0"),  # the same frame sent again
    detection(4, "detected", CAT, replay_id="again"),
    detection(5, "corrupt"),
]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, settings: Settings) -> Iterator[Lake]:
    lake = Lake(settings.lake)
    with pytest.raises(LakeEmptyError, match=r"run \./pycturestream up"):
        check_lake(settings)
    lake.create(spark)
    columns = DETECTIONS.columns
    rows = [tuple(row.get(name) for name in columns) for row in ROWS]
    append_by_spark(lake, spark.createDataFrame(rows, DETECTIONS.ddl), DETECTIONS, "test", 0)
    frame = {
        **record(5),
        "value": b"\xff\x00",
        "bytes": 2,
        "observed_at": at("11:00"),
        "day": at("11:00").date(),
    }
    frames = spark.createDataFrame([tuple(frame.get(name) for name in FRAMES.columns)], FRAMES.ddl)
    append_by_spark(lake, frames, FRAMES, "test", 0)
    gone = [("detect_objects", "pycturestream", "id", 0, 6, 9, "expired", at("11:00"))]
    append_by_spark(lake, spark.createDataFrame(gone, EXPIRED_RANGES.ddl), EXPIRED_RANGES, "test", 0)
    register_lake(spark, settings)
    yield lake
    spark.catalog.setCurrentDatabase("default")
    spark.sql("DROP DATABASE pycturestream CASCADE")


def ask(spark: SparkSession, statement: str, form: Format = Format.JSON) -> str:
    out = io.StringIO()
    assert run_statement(spark, statement, form, out)
    return out.getvalue()


def test_objects_are_those_of_current_detections_counted_once(spark: SparkSession, lake: Lake) -> None:
    seen = json.loads(ask(spark, "SELECT offset, layer, label FROM objects ORDER BY offset, label"))
    assert seen == [
        {"offset": 0, "layer": "speed", "label": "cat"},
        {"offset": 1, "layer": "batch", "label": "dog"},
        {"offset": 2, "layer": "batch", "label": "dog"},
    ]


def test_what_could_not_be_analysed_is_in_quarantine_with_its_bytes(spark: SparkSession, lake: Lake) -> None:
    assert json.loads(ask(spark, "SELECT status, offset, value FROM quarantine")) == [
        {"status": "corrupt", "offset": 5, "value": "/wA="}
    ]


def test_the_ledger_says_what_became_of_every_record(spark: SparkSession, lake: Lake) -> None:
    (row,) = json.loads(ask(spark, "SELECT * FROM ledger"))
    assert row == {
        "topic": "pycturestream", "topic_id": "id", "partition": 0, "archived": 1, "detected": 5,
        "skipped": 0, "quarantined": 1, "expired": 3, "next_offset": 9, "unaccounted": 0,
    }  # fmt: skip


def test_a_camera_is_what_its_list_said_last(spark: SparkSession, lake: Lake) -> None:
    said = {"camera_id": "door", "enabled": True, "source": "0", "topic_id": "id", "partition": 0}
    rows = [
        {**said, "since": at("11:00"), "name": "Front door", "place": "Hall", "offset": 7},
        {**said, "since": at("11:00"), "name": "Front door", "place": "Stairs", "offset": 8},
        {**said, "since": at("10:59"), "name": "Back door", "place": "Yard", "offset": 9},
    ]
    append_rows(lake.root, CAMERA_REGISTRATIONS, rows)
    (row,) = json.loads(ask(spark, "SELECT * FROM cameras"))
    assert row == {
        "camera_id": "door", "name": "Front door", "place": "Stairs", "time_zone": None, "source": "0",
        "enabled": True, "since": "2026-01-02T11:00:00.000000Z",
    }  # fmt: skip


def test_an_answer_is_printed_as_csv_and_as_a_table(spark: SparkSession, lake: Lake) -> None:
    statement = "SELECT 'a,b' AS x, CAST(NULL AS INT) AS y, TIMESTAMP '2026-01-02 11:00:00' AS t"
    assert ask(spark, statement, Format.CSV) == 'x,y,t\r\n"a,b",,2026-01-02T11:00:00.000000Z\r\n'
    table = ask(spark, statement, Format.TABLE)
    assert "a,b" in table
    assert "1 row\n" in table


def test_a_statement_that_fails_says_so_in_one_sentence_on_stderr(
    spark: SparkSession, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    assert not run_statement(spark, "SELECT nope FROM objects", Format.JSON, out)
    said = capsys.readouterr().err
    assert out.getvalue() == ""
    assert "nope" in said
    assert "JVM stacktrace" not in said
    assert "'Project" not in said


def test_the_shell_reads_statements_over_several_lines(spark: SparkSession, lake: Lake) -> None:
    typed = iter(["SELECT count(*) AS n", "FROM objects;", "", "quit;"])
    out = io.StringIO()
    shell(spark, Format.CSV, lambda _prompt: next(typed), out)
    assert out.getvalue().endswith("n\r\n3\r\n")


def test_times_come_back_in_utc(spark: SparkSession, lake: Lake) -> None:
    (row,) = json.loads(ask(spark, "SELECT observed_at FROM objects LIMIT 1"))
    assert datetime.fromisoformat(row["observed_at"]) == at("11:00")


def test_rows_wider_than_the_screen_are_printed_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    out = io.StringIO()
    wide = pa.table({f"objects_of_kind_{number}": [number] for number in range(3)} | {"hour": ["[now]"]})
    print_answer(wide, Format.TABLE, out)
    assert out.getvalue().splitlines() == [
        "objects_of_kind_0  0",
        "objects_of_kind_1  1",
        "objects_of_kind_2  2",
        "hour               [now]",
        "",
        "1 row",
    ]
