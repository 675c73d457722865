"""The simulated hour is one that the lake's own accounts find complete."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deltalake import DeltaTable

from benchmarks.simulated_hour import LIFE, Fleet, broker_hours, frames_of, outcomes_of, settle, write_hour
from dashboards.data.hour_accounts import HourAccount, hour_accounts
from lake.accounting.ledger import balance
from lake.accounting.open_frames import open_frames
from lake.accounting.pending_work import missing_records
from lake.contracts.hours import HOUR, Scope
from lake.schema.batch_schemas import BROKER_HOURS
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES
from tests.conftest import at
from tests.dashboards.explore_lake import write

HOUR_OF_TEN = at("10:00")
SMALL = Fleet(cameras=4, every_s=360, partitions=2, picture_bytes=1000, objects=2.0, skipped=0.5, slower=120)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for table in (FRAMES, DETECTIONS, EXPIRED_RANGES, BROKER_HOURS):
        write(tmp_path, table, [])
    return tmp_path


def test_records_come_evenly_and_each_partition_counts_from_nought() -> None:
    rows = frames_of(SMALL, HOUR_OF_TEN, 0, 9, np.random.default_rng(1)).to_pylist()
    assert [(row["camera_id"], row["partition"], row["offset"]) for row in rows] == [
        ("camera-00000", 0, 0), ("camera-00001", 1, 0), ("camera-00002", 0, 1), ("camera-00003", 1, 1),
        ("camera-00000", 0, 2), ("camera-00001", 1, 2), ("camera-00002", 0, 3), ("camera-00003", 1, 3),
        ("camera-00000", 0, 4),
    ]  # fmt: skip
    assert [row["observed_at"] for row in rows[:3]] == [at("10:00"), at("10:01:30"), at("10:03")]
    headers = {one["key"]: one["value"] for one in rows[4]["headers"]}
    assert headers["frame_id"].decode() == rows[4]["frame_id"] == "camera-00000/2026-01-02T10:00:00Z/1"
    assert headers["sequence"] == b"1"


def test_the_batch_layer_skips_nothing() -> None:
    dice = np.random.default_rng(1)
    frames = frames_of(SMALL, HOUR_OF_TEN, 0, 40, dice)
    skipped = [row for row in outcomes_of(SMALL, frames, "speed", dice).to_pylist() if row["reason"]]
    assert 0 < len(skipped) < 40
    assert {(row["status"], len(row["objects"])) for row in skipped} == {("skipped_superseded", 0)}
    assert set(outcomes_of(SMALL, frames, "batch", dice)["status"].to_pylist()) == {"detected"}


def test_an_hour_is_written_in_as_many_commits_as_the_archives_would_make_and_adds_up(root: Path) -> None:
    seconds = write_hour(root, SMALL, HOUR_OF_TEN)
    write(root, BROKER_HOURS, broker_hours(SMALL, HOUR_OF_TEN))
    assert {name: len(each) for name, each in seconds.items()} == {"frames": 2, "detections": 20}
    assert [DeltaTable(root / name).version() for name in ("frames", "detections")] == [2, 20]
    waiting = open_frames(root, Scope((HOUR_OF_TEN,)))
    settle(root, SMALL, waiting)
    assert waiting
    assert open_frames(root, Scope((HOUR_OF_TEN,))) == []
    assert balance(root, LIFE, {0: 20, 1: 20}).is_balanced
    assert missing_records(root, FRAMES, LIFE, {0: range(22), 1: range(5, 20)}) == 2
    batch, live = len(waiting), 40 - len(waiting)
    [account] = hour_accounts(root, HOUR_OF_TEN, HOUR_OF_TEN + HOUR)
    assert account == HourAccount(HOUR_OF_TEN, 40, live, batch, 0, 0, 0, 0, 40, 0)
