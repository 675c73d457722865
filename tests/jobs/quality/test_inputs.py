from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.support.tables.arrow_tables import write
from jobs.quality.inputs import read_inputs
from lake.contracts.hours import Candidate, Scope
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE, HOURLY_COUNTS, OBJECTS_CANDIDATE
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, FRAMES
from tests.conftest import at

ELEVEN = at("11:00")


def seen(offset: int, frame_id: str, observed: datetime, camera: str = "door") -> dict[str, Any]:
    return {
        "topic": "pycturestream", "topic_id": "id", "partition": 0, "offset": offset, "frame_id": frame_id,
        "appended_at": observed, "observed_at": observed, "day": observed.date(), "camera_id": camera,
    }  # fmt: skip


def resent(root: Path, *cameras: str) -> list[tuple[str, int]]:
    found = read_inputs(root, Candidate(Scope((ELEVEN,), cameras or None), 0, 0)).resent
    return sorted(zip(found["frame_id"], map(int, found["offset"]), strict=True))


def test_records_that_share_a_frame_id_are_found_around_the_hour_but_only_for_its_own_frames(
    tmp_path: Path,
) -> None:
    for table in (FRAMES, OBJECTS_CANDIDATE, CAMERA_HOURS_CANDIDATE, DETECTOR_RUNS, HOURLY_COUNTS):
        write(tmp_path, table, [])
    write(tmp_path, DETECTIONS, [
        seen(0, "once", at("11:01")),
        seen(1, "again-tomorrow", at("11:02")), seen(2, "again-tomorrow", at("11:02", "2026-01-03")),
        seen(3, "of-another-hour", at("12:01")), seen(4, "of-another-hour", at("12:02")),
        seen(5, "twice", at("11:03"), "yard"), seen(6, "twice", at("10:59"), "attic"),
        seen(7, "one-record", at("11:04")), seen(7, "one-record", at("11:04")),
    ])  # fmt: skip
    tomorrow, twice = [("again-tomorrow", 1), ("again-tomorrow", 2)], [("twice", 5), ("twice", 6)]
    assert resent(tmp_path) == [*tomorrow, *twice]
    assert resent(tmp_path, "door") == tomorrow
    assert resent(tmp_path, "yard", "hall") == twice, "the other one is of another camera"
