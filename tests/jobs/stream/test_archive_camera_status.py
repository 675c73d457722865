from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.support.tables.arrow_tables import write
from jobs.stream import archive_camera_status
from jobs.stream.archive_camera_status import ArchiveCameraStatus
from jobs.stream.lost_offsets import LostOffsets
from lake.contracts.wire_format import STATUS_TOPIC
from lake.schema.schemas import CAMERA_REGISTRATIONS, CAMERA_STATUS, EXPIRED_RANGES
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from tests.conftest import at
from tests.jobs.stream.test_offset_ranges import log_batch

SHAPE = pa.schema([
    ("topic", pa.string()), ("partition", pa.int32()), ("offset", pa.int64()),
    ("timestamp", pa.timestamp("us", "UTC")), ("key", pa.binary()), ("value", pa.binary()),
])  # fmt: skip
HALL = {"name": "Front door", "place": "Hall", "time_zone": "Asia/Tokyo", "source": "0", "enabled": True}
YARD = {**HALL, "place": "Yard"}
Row = dict[str, Any]


@dataclass
class FakeBatch:
    """Of Spark: a micro-batch that is asked for its records."""

    rows: list[Row]
    sparkSession: object = None

    def select(self, *_names: str) -> FakeBatch:
        return self

    def toArrow(self) -> pa.Table:
        return pa.Table.from_pylist(self.rows, SHAPE)


def notice(
    offset: int, camera: str = "door", about: Row | None = None, since: str = "11:00", **said: Any
) -> Row:
    """A record whose notice was appended `offset` seconds after eleven, half a second after it was said."""
    appended = at(since) + timedelta(seconds=offset)
    value = {
        "at": (appended - timedelta(seconds=0.5)).isoformat(),
        "state": "running",
        "session": "s",
        "camera": about,
    }
    value |= said
    return {
        "topic": STATUS_TOPIC, "partition": 0, "offset": offset, "timestamp": appended,
        "key": camera.encode(), "value": json.dumps(value).encode(),
    }  # fmt: skip


class Archive:
    """The archive on tables of its own."""

    def __init__(self, folder: Path) -> None:
        self.root, self.checkpoint = folder / "lake", folder / "checkpoint"
        for table in (CAMERA_STATUS, CAMERA_REGISTRATIONS, EXPIRED_RANGES):
            write(self.root, table, [])

    def take(self, batch_id: int, ends: dict[str, int], *rows: Row, life: str = "id") -> None:
        """A batch up to these offsets, with these rows."""
        log_batch(self.checkpoint, batch_id, {STATUS_TOPIC: ends})
        gaps = LostOffsets(
            Lake(self.root), archive_camera_status.QUERY, {STATUS_TOPIC: life}, self.checkpoint
        )
        ArchiveCameraStatus(Lake(self.root), gaps, lambda: at("12:00"))(FakeBatch(list(rows)), batch_id)

    def stored(self) -> list[tuple[int, str, int | None]]:
        sql = 'SELECT "offset", camera_id, gated FROM camera_status ORDER BY appended_at'
        return [tuple(row.values()) for row in read_rows(self.root, sql, CAMERA_STATUS)]

    def places(self) -> list[tuple[str, str, bool]]:
        sql = "SELECT camera_id, place, enabled FROM camera_registrations ORDER BY since"
        return [tuple(row.values()) for row in read_rows(self.root, sql, CAMERA_REGISTRATIONS)]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_a_notice_is_stored_with_all_that_it_says(archive: Archive) -> None:
    counters = {"captured": 9, "gated": 4, "dropped": 1, "failed": 0, "acknowledged": 3, "unknown": 1,
                "pending": 0}  # fmt: skip
    errors = {"last_error": "gone", "last_error_at": "2026-01-02T10:59:00Z", "last_frame_at": None}
    archive.take(0, {"0": 1}, notice(0, **counters, **errors, about=HALL))
    [status] = read_rows(archive.root, "SELECT * FROM camera_status", CAMERA_STATUS)
    assert status == {
        "topic_id": "id", "partition": 0, "offset": 0, "appended_at": at("11:00"), "camera_id": "door",
        "at": at("10:59:59.5"), "state": "running", "session": "s", **counters, "last_error": "gone",
        "last_error_at": at("10:59"), "last_frame_at": None, "day": at("11:00").date(),
    }  # fmt: skip
    [camera] = read_rows(archive.root, "SELECT * FROM camera_registrations", CAMERA_REGISTRATIONS)
    assert camera == {"camera_id": "door", "since": at("11:00"), **HALL, "topic_id": "id", "partition": 0,
                      "offset": 0}  # fmt: skip


def test_what_is_no_notice_is_counted_and_stops_nothing(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {**notice(1), "value": b"nonsense"}, {**notice(2), "key": b"a/b"}, notice(3, state="dancing")
    archive.take(0, {"0": 5}, notice(0), *bad, notice(4, gated=2))
    assert archive.stored() == [(0, "door", None), (4, "door", 2)]
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("3 records of camera-status are no notices and left out; first 0/1: Expecting")
    assert read_rows(archive.root, "SELECT * FROM expired_ranges", EXPIRED_RANGES) == [], "they were read"


def test_a_batch_that_is_replayed_adds_nothing(archive: Archive) -> None:
    rows = notice(0, about=HALL), notice(1, about=YARD)
    archive.take(0, {"0": 2}, *rows)
    archive.take(0, {"0": 2}, *rows)
    assert archive.stored() == [(0, "door", None), (1, "door", None)]
    assert archive.places() == [("door", "Hall", True), ("door", "Yard", True)]


def test_a_checkpoint_made_anew_adds_only_what_is_new(archive: Archive) -> None:
    archive.take(0, {"0": 1}, notice(0, about=HALL))
    archive.take(1, {"0": 2}, notice(1, about=YARD))
    rows = (notice(number, about=said) for number, said in enumerate((HALL, YARD, YARD)))
    archive.take(0, {"0": 3}, *rows)
    assert [offset for offset, *_ in archive.stored()] == [0, 1, 2]
    assert archive.places() == [("door", "Hall", True), ("door", "Yard", True)]


def test_a_batch_that_ended_between_its_two_commits_is_completed(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = notice(0, about=HALL), notice(1, about=YARD)

    def crash(*_arguments: object) -> list[Row]:
        raise InterruptedError

    with monkeypatch.context() as context:
        context.setattr(archive_camera_status, "new_registrations", crash)
        with pytest.raises(InterruptedError):
            archive.take(0, {"0": 2}, *rows)
    assert (len(archive.stored()), archive.places()) == (2, [])
    archive.take(0, {"0": 2}, *rows)
    assert (len(archive.stored()), len(archive.places())) == (2, 2)


def test_a_topic_made_anew_is_read_from_its_beginning(archive: Archive) -> None:
    archive.take(0, {"0": 2}, notice(0, about=HALL), notice(1))
    later = notice(0, about=YARD, since="11:30"), notice(1, since="11:30")
    archive.take(0, {"0": 2}, *later, life="another")
    assert [offset for offset, *_ in archive.stored()] == [0, 1, 0, 1]
    assert archive.places() == [("door", "Hall", True), ("door", "Yard", True)]


def test_a_registration_is_stored_when_it_changes_and_not_with_every_heartbeat(archive: Archive) -> None:
    off = {**HALL, "enabled": False}
    archive.take(0, {"0": 3}, *(notice(number, about=HALL) for number in range(3)))
    archive.take(1, {"0": 6}, notice(3, about=HALL), notice(4), notice(5, about=off))
    archive.take(2, {"0": 7}, notice(6, camera="yard", about=YARD))
    assert archive.places() == [("door", "Hall", True), ("door", "Hall", False), ("yard", "Yard", True)]
