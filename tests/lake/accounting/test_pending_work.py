from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lake.accounting import pending_work as due
from lake.accounting.pending_work import archives_lacking, has_rows, hours_due
from lake.config.settings import Settings
from lake.contracts.hours import HOUR, Scope
from lake.kafka.client import BrokerAwayError
from tests.conftest import at

NOW = at("14:10")
LIFE = "life-1"
TEXT, WHEN, LONG = pa.string(), pa.timestamp("us", "UTC"), pa.int64()
RECORDS = {
    "topic": TEXT, "topic_id": TEXT, "partition": pa.int32(), "offset": LONG, "appended_at": WHEN,
    "observed_at": WHEN, "camera_id": TEXT, "replay_id": TEXT, "day": pa.date32(),
}  # fmt: skip
COLUMNS = {
    "frames": RECORDS,
    "detections": RECORDS,
    "camera_hours_candidate": {
        "hour": WHEN, "camera_id": TEXT, "frame_rows": LONG, "detection_rows": LONG, "day": pa.date32(),
    },
    "expired_ranges": {
        "query": TEXT, "topic": TEXT, "topic_id": TEXT, "partition": pa.int32(), "from_offset": LONG,
        "to_offset": LONG,
    },
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings on empty tables with the columns that are asked for."""
    found = Settings(home=tmp_path, data=tmp_path)
    for name in COLUMNS:
        add(found.lake, name, [])
    return found


def add(root: Path, table: str, rows: list[dict[str, Any]]) -> None:
    write_deltalake(
        root / table, pa.Table.from_pylist(rows, pa.schema(COLUMNS[table].items())), mode="append"
    )


def seen(
    root: Path, table: str, moments: Iterable[datetime], camera: str | None = "door", **more: object
) -> None:
    rows = [{"observed_at": at, "camera_id": camera, "day": at.date(), **more} for at in moments]
    add(root, table, rows)


def counted(root: Path, hour: datetime, frames: int, detections: int, camera: str = "door") -> None:
    row = {"hour": hour, "camera_id": camera, "frame_rows": frames, "detection_rows": detections}
    add(root, "camera_hours_candidate", [{**row, "day": hour.date()}])


def test_an_hour_is_due_once_it_is_over_until_it_was_counted(settings: Settings) -> None:
    seen(settings.lake, "frames", [at("11:00"), at("12:59:59.999999"), at("14:05")])
    seen(settings.lake, "detections", [at("11:00")])
    assert hours_due(settings.lake, NOW) == (at("11:00"), at("12:00"))
    counted(settings.lake, at("11:00"), 1, 1)
    assert hours_due(settings.lake, NOW) == (at("12:00"),)
    counted(settings.lake, at("12:00"), 1, 0)
    assert hours_due(settings.lake, NOW) == ()


def test_late_rows_of_one_camera_reopen_their_hour(settings: Settings) -> None:
    for camera in ("door", "gate"):
        seen(settings.lake, "frames", [at("11:00")], camera)
        counted(settings.lake, at("11:00"), 1, 0, camera)
    assert hours_due(settings.lake, NOW) == ()
    seen(settings.lake, "frames", [at("11:30")], "gate")
    assert hours_due(settings.lake, NOW) == (at("11:00"),)


def test_a_frame_without_a_camera_is_due_too_but_no_replay_ever_is(settings: Settings) -> None:
    seen(settings.lake, "frames", [at("11:00")], None)
    seen(settings.lake, "detections", [at("12:00")], replay_id="again")
    assert hours_due(settings.lake, NOW) == (at("11:00"),)
    counted(settings.lake, at("11:00"), 1, 0, "(unknown)")
    assert hours_due(settings.lake, NOW) == ()


def test_frames_past_retention_do_not_reopen_their_hour_but_a_deleted_detection_does(
    settings: Settings,
) -> None:
    seen(settings.lake, "frames", [at("11:00")])
    seen(settings.lake, "detections", [at("11:00"), at("12:00")])
    seen(settings.lake, "detections", [at("11:10")], topic="wrong")
    counted(settings.lake, at("11:00"), 2, 2)
    counted(settings.lake, at("12:00"), 1, 1)
    assert hours_due(settings.lake, NOW) == ()
    DeltaTable(settings.lake / "detections").delete("topic = 'wrong'")
    assert hours_due(settings.lake, NOW) == (at("11:00"),)


def test_an_hour_of_which_nothing_is_left_stays_as_it_was_counted(settings: Settings) -> None:
    counted(settings.lake, at("11:00"), 2, 2)
    assert hours_due(settings.lake, NOW) == ()


def test_an_hour_of_detections_alone_that_lost_them_is_due(settings: Settings) -> None:
    counted(settings.lake, at("11:00"), 0, 2)
    assert hours_due(settings.lake, NOW) == (at("11:00"),)


def test_hours_before_the_window_are_not_looked_at(settings: Settings) -> None:
    seen(settings.lake, "frames", [at("11:00"), at("12:00")])
    assert hours_due(settings.lake, NOW, timedelta(hours=2)) == (at("12:00"),)


def test_a_scope_has_rows_when_one_of_its_hours_and_cameras_has(settings: Settings) -> None:
    seen(settings.lake, "detections", [at("11:00")])
    seen(settings.lake, "detections", [at("12:00")], replay_id="again")
    assert has_rows(settings.lake, Scope((at("10:00"), at("11:00"))))
    assert has_rows(settings.lake, Scope((at("11:00"),), ("door", "gate")))
    assert not has_rows(settings.lake, Scope((at("11:00"),), ("gate",)))
    assert not has_rows(settings.lake, Scope((at("10:00"), at("12:00"))))


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> dict[datetime, dict[int, int]]:
    """What the broker says: by 11:00 it had 2 and 0 records, by 12:05 it had 5 and 1."""
    said = {at("11:00"): {0: 2, 1: 0}, at("12:05"): {0: 5, 1: 1}}
    monkeypatch.setattr(due, "topic_ids", lambda _kafka, topics: dict.fromkeys(topics, LIFE))
    monkeypatch.setattr(due, "offsets_at", lambda _kafka, _topic, moments: {at: said[at] for at in moments})
    return said


def stored(root: Path, table: str, records: list[tuple[int, int]], life: str = LIFE) -> None:
    row = {"topic": "pycturestream", "topic_id": life, "day": date(2026, 1, 2)}
    add(root, table, [{**row, "partition": part, "offset": offset} for part, offset in records])


def test_archives_that_hold_what_the_broker_has_lack_nothing(settings: Settings, broker: object) -> None:
    for table in ("frames", "detections"):
        stored(settings.lake, table, [(0, 2), (0, 3), (0, 4), (0, 4), (1, 0)])
    assert archives_lacking(settings, at("12:00")) is None


def test_what_an_archive_lacks_of_the_hour_is_said(settings: Settings, broker: object) -> None:
    stored(settings.lake, "frames", [(0, 2), (0, 3), (0, 4), (1, 0)])
    stored(settings.lake, "detections", [(0, 0), (0, 2), (0, 4), (0, 5)])
    stored(settings.lake, "detections", [(0, 3), (1, 0)], "another life")
    lacking = "detections lacks 2 records that the broker appended before 2026-01-02T12:05:00.000000Z"
    assert archives_lacking(settings, at("11:00") + HOUR) == lacking


def test_records_that_expired_before_they_were_read_are_not_waited_for(
    settings: Settings, broker: object
) -> None:
    stored(settings.lake, "frames", [(0, 2), (0, 3), (0, 4), (1, 0)])
    stored(settings.lake, "detections", [(1, 0)])
    gone = {"topic": "pycturestream", "topic_id": LIFE, "partition": 0, "from_offset": 0, "to_offset": 5}
    add(settings.lake, "expired_ranges", [{**gone, "query": "detect_objects"}])
    assert archives_lacking(settings, at("12:00")) is None


def test_nothing_is_waited_for_while_the_broker_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise BrokerAwayError("no Kafka answers at 127.0.0.1:1")

    monkeypatch.setattr(due, "topic_ids", away)
    with caplog.at_level(logging.WARNING):
        assert archives_lacking(settings, at("12:00")) is None
    assert "no Kafka answers at 127.0.0.1:1" in caplog.text
