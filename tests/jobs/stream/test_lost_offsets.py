"""What a query could no longer read is written down, once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from jobs.stream.lost_offsets import LostOffsets
from jobs.stream.offset_ranges import OffsetRange
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.schema.schemas import EXPIRED_RANGES
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from tests.conftest import at
from tests.dashboards.explore_lake import write
from tests.jobs.stream.test_offset_ranges import log_batch

NAMES = ("query", "topic", "topic_id", "partition", "from_offset", "to_offset", "cause", "found_at")


@pytest.fixture
def gaps(tmp_path: Path) -> LostOffsets:
    write(tmp_path / "lake", EXPIRED_RANGES, [])
    checkpoint = tmp_path / "checkpoint"
    log_batch(checkpoint, 0, {FRAMES_TOPIC: {"0": 5, "1": 3}})
    (checkpoint / "metadata").write_text('{"id": "abc"}')
    return LostOffsets(Lake(tmp_path / "lake"), "detect_objects", {FRAMES_TOPIC: "id"}, checkpoint)


def stored(gaps: LostOffsets) -> list[tuple[object, ...]]:
    rows = read_rows(
        gaps.lake.root, 'SELECT * FROM expired_ranges ORDER BY "partition", from_offset', EXPIRED_RANGES
    )
    return [tuple(row[name] for name in NAMES) for row in rows]


def row(partition: int, first: int, end: int, cause: str = "expired") -> tuple[object, ...]:
    return ("detect_objects", FRAMES_TOPIC, "id", partition, first, end, cause, at("12:00"))


def test_a_gap_is_recorded_once_and_told(gaps: LostOffsets, caplog: pytest.LogCaptureFixture) -> None:
    lost = [OffsetRange(FRAMES_TOPIC, 0, 2, 5), OffsetRange(FRAMES_TOPIC, 1, 0, 1)]
    for _ in range(2):
        gaps.record(lost, "recreated", at("12:00"), 0)
    assert stored(gaps) == [row(0, 2, 5, "recreated"), row(1, 0, 1, "recreated")]
    assert "3 records of pycturestream/0 from offset 2 on recreated" in caplog.text
    assert {line.levelno for line in caplog.records} == {logging.WARNING}


def test_planned_offsets_that_nobody_saw_are_recorded_unless_they_are_known(gaps: LostOffsets) -> None:
    seen = {(FRAMES_TOPIC, 0): [0, 1, 4], (FRAMES_TOPIC, 1): [0, 1, 2]}
    gaps.record_missing(0, seen, at("12:00"))
    assert stored(gaps) == [row(0, 2, 4)]
    log_batch(gaps.checkpoint, 1, {FRAMES_TOPIC: {"0": 5, "1": 4}})
    gaps.record_missing(1, {}, at("12:00"))
    assert stored(gaps) == [row(0, 2, 4), row(1, 3, 4)]
