from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from benchmarks.support.running.wire import KILLER_BGR, encode, picture_of, pictures
from jobs.frames.analyse_frames import Analysis, analyse
from jobs.frames.outcome_messages import RunDescription
from jobs.harness.settings import BatchSettings
from jobs.hours import detect_chunk as settle_frames
from jobs.hours.detect_chunk import in_chunks
from jobs.hours.detect_skipped import Detected, describe_result, main, run
from lake.accounting.open_frames import count_open_frames, open_frames
from lake.config.settings import Settings
from lake.contracts.hours import Scope
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, FRAMES
from lake.schema.table import Table
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from tests.conftest import at

SCOPE = Scope((at("11:00"),))
PATH, HOME = "PYCTURESTREAM_DATA", "PYCTURESTREAM_HOME"


def frame(offset: int, value: bytes, clock: str = "11:00", **other: Any) -> dict[str, Any]:
    """A row of `frames`, as the archive would have written it."""
    moment = at(f"{clock}:{offset:02}")
    row = {
        "topic": "pycturestream", "topic_id": "id", "partition": 0, "offset": offset, "appended_at": moment,
        "camera_id": "door", "frame_id": f"door/5e55/{offset}", "captured_at": moment, "sent_at": moment,
        "observed_at": moment, "clock_skewed": False, "replay_id": None, "format": "frame/1",
        "session": "5e55", "sequence": offset, "width": 640, "height": 272, "value": value,
        "bytes": len(value), "day": moment.date(),
    }  # fmt: skip
    return {**row, **other}


def said_live(row: dict[str, Any], status: str) -> dict[str, Any]:
    """What the speed layer said of the frame."""
    return {**row, "layer": "speed", "run_id": "live", "status": status, "objects": []}


def store(lake: Lake, table: Table, rows: list[dict[str, Any]]) -> None:
    stored = DeltaTable(lake.path(table))
    schema = pa.schema(stored.schema().to_arrow())
    full = [{name: row.get(name) for name in schema.names} for row in rows]
    write_deltalake(stored, pa.Table.from_pylist(full, schema=schema), mode="append")


def batch_rows(lake: Lake) -> dict[int, dict[str, Any]]:
    rows = read_rows(lake.root, "SELECT * FROM detections WHERE layer = 'batch'", DETECTIONS)
    assert len({row["offset"] for row in rows}) == len(rows), "no record twice"
    return {row["offset"]: row for row in sorted(rows, key=lambda row: row["offset"])}


def enlarged(jpeg: bytes) -> bytes:
    """So large that a picture which nobody shall see may be decoded at half its size."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return encode(cv2.resize(picture, (1600, 680)))


def noon() -> datetime:
    return at("12:30")


@pytest.fixture
def batch(settings: Settings, tmp_path: Path) -> BatchSettings:
    env = {HOME: str(settings.home), PATH: str(tmp_path / "data"), "PYCTURESTREAM_TIME_ZONE": "UTC"}
    return BatchSettings.from_env(env | {"PYCTURESTREAM_DETECTOR": "tests.faults.crashing_detector:load"})


@pytest.fixture
def lake(spark: SparkSession, batch: BatchSettings) -> Lake:
    made = Lake(batch.shared.lake)
    made.create(spark)
    return made


def ticks(*seconds: float) -> Iterator[float]:
    yield from seconds


@pytest.mark.spark
@pytest.mark.model
def test_what_the_speed_layer_skipped_is_analysed_once_and_alike(
    spark: SparkSession, batch: BatchSettings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = pictures(batch.shared.home / "clips")
    frames = [
        frame(0, clip[0]),
        frame(1, clip[1]),
        frame(2, clip[2]),
        frame(3, clip[3], replay_id="again"),
        frame(4, enlarged(clip[4])),
        frame(5, b"no picture"),
        frame(6, clip[5], camera_id=None, problem="camera id is not allowed: x/y"),
        frame(7, picture_of(KILLER_BGR)),
        frame(8, b"", bytes=13_000_000),
        frame(9, clip[0], clock="12:00"),
        frame(10, clip[0], topic="synthetic"),
    ]
    live = ["detected", "skipped_stale", "skipped_superseded", "skipped_stale", None, "skipped_stale"]
    store(lake, FRAMES, frames)
    store(lake, DETECTIONS, [said_live(row, how) for row, how in zip(frames, live, strict=False) if how])
    monkeypatch.setattr(settle_frames, "MAX_FRAMES", 3)
    assert count_open_frames(lake.root, SCOPE) == 8

    short = replace(batch, detect_minutes=1)
    done = run(spark, short, lake, SCOPE, "r1", noon, ticks(0, 1, 61).__next__)
    assert done == Detected(3, 5, in_time=False)
    assert describe_result(done, 1).endswith("left 5 frames for the next run: 1 minutes are over")
    assert list(batch_rows(lake)) == [1, 2, 3], "the oldest first"

    assert run(spark, batch, lake, SCOPE, "r2", noon, lambda: 0.0) == Detected(5, 0)
    rows = batch_rows(lake)
    assert {offset: row["status"] for offset, row in rows.items()} == {
        1: "detected", 2: "detected", 3: "detected", 4: "detected", 5: "corrupt", 6: "malformed",
        7: "failed", 8: "too_large",
    }  # fmt: skip
    assert rows[6]["reason"] == "camera id is not allowed: x/y"
    assert rows[3]["replay_id"] == "again"
    for offset in (1, 2, 3, 4):
        assert rows[offset]["objects"] == objects_live(frames[offset], batch)
        assert {name: rows[offset][name] for name in ("camera_id", "frame_id", "observed_at", "day")} == {
            name: frames[offset][name] for name in ("camera_id", "frame_id", "observed_at", "day")
        }
    runs = read_rows(lake.root, "SELECT run_id, layer, policy FROM detector_runs", DETECTOR_RUNS)
    assert {(row["run_id"][:6], row["layer"], row["policy"]) for row in runs} == {("batch-", "batch", "all")}
    assert {row["run_id"] for row in rows.values()} == {row["run_id"] for row in runs}

    versions = lake.version(DETECTIONS), lake.version(DETECTOR_RUNS)
    assert run(spark, batch, lake, SCOPE, "r3", noon, lambda: 0.0) == Detected(0, 0)
    assert (lake.version(DETECTIONS), lake.version(DETECTOR_RUNS)) == versions


def objects_live(row: dict[str, Any], batch: BatchSettings) -> list[dict[str, Any]]:
    """What the speed layer says of the picture when it shows it, as `detections` would hold it."""
    run = RunDescription("live", "speed", "UTC", 0.5)
    shown = frozenset({(row["partition"], row["offset"])})
    analysis = Analysis("jobs.detector:load_detector", batch.detector, run, at("11:00"), shown)
    [message] = analyse([{**row, "client_timestamp": None}], analysis, noon)
    said = json.loads(message.value)["candidates"]
    assert said
    return [{name: single(one[name]) for name in one} for one in said]


def single(value: Any) -> Any:
    """A number as the table's FLOAT gives it back."""
    return pa.scalar(value, pa.float32()).as_py() if isinstance(value, float) else value


@pytest.mark.spark
def test_only_the_cameras_that_are_named_are_analysed(lake: Lake) -> None:
    unknown = frame(2, b"x", camera_id=None, problem="camera id is not allowed: ..")
    store(lake, FRAMES, [frame(0, b"x"), frame(1, b"x", camera_id="yard"), unknown])
    named = [row["offset"] for row in open_frames(lake.root, replace(SCOPE, cameras=("yard",)))]
    assert named == [1]
    assert [row["offset"] for row in open_frames(lake.root, SCOPE)] == [0, 1, 2]


@pytest.mark.spark
def test_nothing_to_do_starts_no_spark(
    lake: Lake, batch: BatchSettings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.nice", lambda _by: 0)
    env = {PATH: str(batch.shared.data), HOME: str(batch.shared.home)}
    hour = ["--hours", "2026-01-02T11:00:00Z"]
    assert main(hour, env) == 0
    store(lake, FRAMES, [frame(0, b"x")])
    assert main([*hour, "--dry-run"], env) == 0
    assert main(hour, env | {"PYCTURESTREAM_DETECT_SKIPPED": "off"}) == 0
    assert batch_rows(lake) == {}


def test_a_lake_that_is_not_there_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("os.nice", lambda _by: 0)
    env = {PATH: str(tmp_path), HOME: str(tmp_path)}
    assert main(["--hours", "2026-01-02T11:00:00Z"], env) == 1
    assert "no table frames" in caplog.text


def test_a_chunk_ends_at_its_number_of_frames_or_bytes() -> None:
    small = [{"bytes": 10}] * 300
    assert [len(chunk) for chunk in in_chunks(small)] == [128, 128, 44]
    large = [{"bytes": 200 * 2**20}, {"bytes": 100 * 2**20}, {"bytes": 100 * 2**20}, {"bytes": 300 * 2**20}]
    assert [len(chunk) for chunk in in_chunks(large)] == [1, 2, 1]
    assert list(in_chunks([])) == []
