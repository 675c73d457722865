from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from benchmarks.support.tables.arrow_tables import write
from jobs.quality.audit_parts import split_audit
from jobs.quality.inputs import CandidateGoneError
from lake.contracts.camera_hour import UNKNOWN_CAMERA
from lake.contracts.hours import Candidate, Scope
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE, OBJECTS_CANDIDATE
from lake.schema.schemas import DETECTIONS, FRAMES
from tests.conftest import at

TEN, ELEVEN, NEXT = at("10:00"), at("11:00"), at("00:00", "2026-01-03")


def counted(hour: datetime, camera: str, rows: int) -> dict[str, object]:
    sizes = {"objects": rows - 2, "frame_rows": 1, "detection_rows": 1}
    return {"hour": hour, "camera_id": camera, "day": hour.date(), **sizes}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three cameras at ten and eleven, one of them on the next day; two more came after the count."""
    hours = [counted(hour, camera, rows) for hour in (TEN, ELEVEN)
             for camera, rows in (("attic", 10), ("door", 20), ("yard", 30))]  # fmt: skip
    lacking = counted(NEXT, "attic", 2) | {"objects": None}
    write(tmp_path, CAMERA_HOURS_CANDIDATE, [*hours, counted(NEXT, "door", 100), lacking])
    write(tmp_path, OBJECTS_CANDIDATE, [])
    late = {"observed_at": at("11:20"), "day": ELEVEN.date()}
    write(tmp_path, DETECTIONS, [{**late, "camera_id": "barn"}, {**late, "camera_id": None}])
    write(tmp_path, FRAMES, [{**late, "camera_id": "barn"}, {**late, "camera_id": "cellar"}])
    return tmp_path


def cut(root: Path, most: int, *hours: datetime, cameras: tuple[str, ...] | None = None) -> list[Scope]:
    found = split_audit(root, Candidate(Scope(hours, cameras), 0, 0), most)
    return [one.scope for one in found]


def test_a_day_that_fits_stays_whole_and_every_day_is_a_part(root: Path) -> None:
    assert cut(root, 120, TEN, ELEVEN, NEXT) == [Scope((TEN, ELEVEN)), Scope((NEXT,))]
    assert cut(root, 60, ELEVEN) == [Scope((ELEVEN,))], "exactly as many as may be"


def test_a_larger_one_is_cut_between_cameras_and_forgets_none_that_came_later(root: Path) -> None:
    assert cut(root, 59, ELEVEN) == [
        Scope((ELEVEN,), (UNKNOWN_CAMERA, "attic", "barn", "cellar", "door")),
        Scope((ELEVEN,), ("yard",)),
    ]


def test_a_camera_alone_is_never_cut_and_a_scope_keeps_to_its_cameras(root: Path) -> None:
    both = TEN, ELEVEN
    assert cut(root, 30, *both, NEXT, cameras=("door", "yard")) == [
        Scope(both, ("door",)),
        Scope(both, ("yard",)),
        Scope((NEXT,), ("door",)),
    ]


def test_a_version_that_was_cleaned_away_is_said(root: Path) -> None:
    with pytest.raises(CandidateGoneError, match="version 7 of camera_hours_candidate"):
        list(split_audit(root, Candidate(Scope((TEN,)), 0, 7)))
