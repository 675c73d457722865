from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from benchmarks.support.tables.arrow_tables import write
from dashboards.data.hour_accounts import HourAccount, hour_accounts
from lake.contracts.hours import HourError
from lake.schema.batch_schemas import BROKER_HOURS
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES
from lake.storage.reader import LakeUnreadableError
from tests.conftest import at

TOPIC = {"topic": "pycturestream", "topic_id": "life"}
NOON = at("12:00")


def row(offset: int, status: str = "detected", layer: str = "speed", **other: Any) -> dict[str, Any]:
    """A row of `detections`, observed at ten, finished at noon."""
    known = {**TOPIC, "partition": 0, "offset": offset, "appended_at": at("10:00"), "day": NOON.date()}
    said = {"frame_id": f"f/{offset}", "status": status, "layer": layer, "run_id": layer, "finished_at": NOON}
    return {**known, **said, **other}


def kept(offset: int, **other: Any) -> dict[str, Any]:
    known = {**TOPIC, "partition": 0, "offset": offset, "appended_at": at("10:00"), "day": NOON.date()}
    return {**known, **other}


def hour(clock: str, start: int, end: int, **other: Any) -> dict[str, Any]:
    said = {"hour": at(clock), "partition": 0, "from_offset": start, "to_offset": end, "read_at": NOON}
    return {**TOPIC, **said, **other}


def gone(start: int, end: int, **other: Any) -> dict[str, Any]:
    said = {"query": "detect_objects", "partition": 0, "from_offset": start, "to_offset": end}
    return {**TOPIC, **said, "cause": "expired", "found_at": NOON, **other}


WAITED = {"day": at("10:00", "2025-12-24").date(), "appended_at": at("10:59")}
"""Of a frame that its agent held back for days: it lies in the partition of that day."""
SEEN = [
    row(0),
    row(1, "skipped_stale"), row(1, layer="batch"),
    row(2, "skipped_superseded", **WAITED),
    row(3, "corrupt"), row(3, "malformed", "batch", finished_at=at("13:00")),
    row(4, replay_id="again"),
    row(5, "failed", appended_at=at("10:01")), row(5, appended_at=at("10:02")),  # nobody's doing, yet counted
    row(0, "too_large", partition=1),
    row(0, topic="synthetic"), row(6, topic_id="another life"),
    row(8, layer="promoted", **WAITED),
    row(99),
]  # fmt: skip
FOUND = [kept(0), kept(0), kept(2, **WAITED), kept(8), kept(0, partition=1), kept(1, topic="synthetic")]
EXPIRED = [gone(4, 8), gone(5, 8), gone(0, 99, query="archive_frames"), gone(0, 99, topic_id="another life")]
HOURS = [
    hour("10:00", 0, 6), hour("10:00", 0, 7, read_at=at("12:01")),  # two programs asked; the first counts
    hour("10:00", 0, 1, partition=1),
    hour("11:00", 7, 10), hour("11:00", 1, 1, partition=1),
    hour("11:00", 0, 99, topic="resultstream"),
    hour("12:00", 10, 10),
]  # fmt: skip
TEN = HourAccount(at("10:00"), 7, 3, 1, 1, 3, 0, -1, 3, 4)
ELEVEN = HourAccount(at("11:00"), 4, 0, 1, 0, 0, 2, 1, 1, 3)
TWELVE = HourAccount(at("12:00"), 0, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    write(tmp_path, DETECTIONS, SEEN)
    write(tmp_path, FRAMES, FOUND)
    write(tmp_path, EXPIRED_RANGES, EXPIRED)
    write(tmp_path, BROKER_HOURS, HOURS)
    return tmp_path


def test_each_record_belongs_to_the_hour_of_its_offset_whatever_its_day(lake: Path) -> None:
    assert hour_accounts(lake, at("10:00"), at("13:00")) == (TEN, ELEVEN, TWELVE)


def test_hours_are_those_that_start_within_the_span(lake: Path) -> None:
    assert hour_accounts(lake, at("11:00"), at("12:00")) == (ELEVEN,)
    assert hour_accounts(lake, at("10:00:00.1"), at("12:00:00.1")) == (ELEVEN, TWELVE)
    assert hour_accounts(lake, at("13:00"), at("23:00")) == ()
    assert hour_accounts(lake, at("11:00"), at("11:00")) == ()


def test_a_detection_that_is_lost_is_unexplained(lake: Path) -> None:
    DeltaTable(lake / "detections").delete("\"offset\" = 2 AND topic_id = 'life'")
    assert hour_accounts(lake, at("10:00"), at("12:00")) == (
        replace(TEN, skipped=0, unexplained=TEN.unexplained + 1), ELEVEN,
    )  # fmt: skip


def test_files_of_other_offsets_are_not_opened(lake: Path) -> None:
    write(lake, BROKER_HOURS, [hour("13:00", 10, 2_000)])
    for table, rows in ((DETECTIONS, [row(1_000)]), (FRAMES, [kept(1_000)])):
        known = set((lake / table.name).rglob("*.parquet"))
        write(lake, table, rows)
        [added] = set((lake / table.name).rglob("*.parquet")) - known
        added.unlink()
    assert hour_accounts(lake, at("10:00"), at("13:00")) == (TEN, ELEVEN, TWELVE)
    with pytest.raises(LakeUnreadableError):
        hour_accounts(lake, at("10:00"), at("14:00"))


def test_a_lake_that_knows_no_hour_has_no_accounts(tmp_path: Path) -> None:
    assert hour_accounts(tmp_path, at("10:00"), at("11:00")) == ()
    write(tmp_path, BROKER_HOURS, [])
    assert hour_accounts(tmp_path, at("10:00"), at("11:00")) == ()


@pytest.mark.parametrize("length", [timedelta(days=31, seconds=1), timedelta(hours=-1)])
def test_a_span_that_cannot_be_meant_is_refused(tmp_path: Path, length: timedelta) -> None:
    with pytest.raises(HourError, match="at most 31 days"):
        hour_accounts(tmp_path, at("10:00"), at("10:00") + length)
