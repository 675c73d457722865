from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.support.tables.arrow_tables import write
from dashboards.data.camera_registry import RegisteredCamera, Registry
from lake.schema.schemas import CAMERA_REGISTRATIONS
from tests.conftest import at


def said(
    camera_id: str, clock: str, place: str | None = None, *, offset: int = 0, **more: Any
) -> dict[str, Any]:
    named = {"camera_id": camera_id, "since": at(clock), "place": place, "enabled": True, "source": "0"}
    return {**named, "topic_id": "id", "partition": 0, "offset": offset, **more}


ROWS = [
    said("yard", "10:00", "Garden", name="Tree"),
    said("door", "10:00", "Hall", offset=1),
    said("door", "10:05", "Stairs", offset=2, time_zone="Asia/Tokyo"),
    said("door", "10:05", "Roof", offset=3, time_zone="Asia/Tokyo", enabled=False),
]


class Clock:
    """Moves on by more than tables stay fresh whenever it is read."""

    def __init__(self) -> None:
        self.now = at("12:00")

    def __call__(self) -> Any:
        self.now += timedelta(seconds=5)
        return self.now


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path, Clock())


def test_what_a_list_said_last_of_each_camera_counts(tmp_path: Path, registry: Registry) -> None:
    write(tmp_path, CAMERA_REGISTRATIONS, ROWS)
    assert registry.now() == {
        "door": RegisteredCamera("door", None, "Roof", "Asia/Tokyo", False),
        "yard": RegisteredCamera("yard", "Tree", "Garden", None, True),
    }
    assert registry.words(["yard", "cellar"]) == {"yard": "Tree · Garden (yard)", "cellar": "cellar"}


def test_a_change_is_known_at_the_next_look(tmp_path: Path, registry: Registry) -> None:
    assert registry.now() == {}, "there is no table yet"
    write(tmp_path, CAMERA_REGISTRATIONS, ROWS[:2])
    assert registry.words(["door"]) == {"door": "Hall (door)"}
    write(tmp_path, CAMERA_REGISTRATIONS, ROWS[2:])
    assert registry.words(["door"]) == {"door": "Roof (door)"}


def test_names_stay_while_the_lake_cannot_be_read(tmp_path: Path, registry: Registry) -> None:
    write(tmp_path, CAMERA_REGISTRATIONS, ROWS)
    known = registry.now()
    write(tmp_path, CAMERA_REGISTRATIONS, [said("door", "11:00", "Cellar", offset=4)])
    for file in (tmp_path / CAMERA_REGISTRATIONS.name).glob("*.parquet"):
        file.write_bytes(b"broken")
    assert registry.now() == known
