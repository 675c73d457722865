from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.support.tables.arrow_tables import SEEN
from jobs.events import event_frames
from jobs.events.event_frames import StagedRows, group_frames, stage
from jobs.events.event_rows import Event
from jobs.events.event_times import EPOCH, MICROSECOND, LocalTimeProblem
from tests.conftest import at

TEN = (at("10:00") - EPOCH) // MICROSECOND
DAY = 24 * 3600 * 1_000_000
OBJECTS = pa.list_(SEEN)
PLACE = dict.fromkeys(("ymin", "xmin", "ymax", "xmax", "sector_v", "sector_h"))


def event(row: int, label: str | None, camera: str = "door", after: int = 0, **more: Any) -> Event:
    return Event(row, camera, TEN + after, label, **more)


def frames(staged: StagedRows) -> list[tuple[str, int, list[str]]]:
    """Camera, microseconds after ten and labels of each frame, through all days."""
    rows = [row for day in staged.days for row in group_frames(staged.of_day(day), OBJECTS).to_pylist()]
    after = [(row["observed_at"] - EPOCH) // MICROSECOND - TEN for row in rows]
    labels = [[seen["label"] for seen in row["objects"]] for row in rows]
    return list(zip([row["camera_id"] for row in rows], after, labels, strict=True))


def test_rows_of_one_camera_and_moment_are_one_frame_and_equal_rows_two_objects(tmp_path: Path) -> None:
    staged = stage(
        [
            event(1, "cat"), event(2, "dog", after=1), event(3, "cat"), event(4, "ape"),
            event(5, "cat", "yard"), event(6, "cat"), event(7, "cow", after=DAY),
        ],
        tmp_path / "rows",
    )  # fmt: skip
    assert frames(staged) == [
        ("door", 0, ["cat", "cat", "ape", "cat"]), ("yard", 0, ["cat"]), ("door", 1, ["dog"]),
        ("door", DAY, ["cow"]),
    ]  # fmt: skip


def test_each_row_without_an_object_is_a_frame_of_its_own(tmp_path: Path) -> None:
    rows = [event(1, None), event(2, "cat"), event(3, None), event(4, "dog"), event(5, None, after=1)]
    assert frames(stage(rows, tmp_path / "rows")) == [
        ("door", 0, ["cat", "dog"]), ("door", 0, []), ("door", 0, []), ("door", 1, []),
    ]  # fmt: skip


def test_an_object_has_a_score_that_no_threshold_hides_and_no_place(tmp_path: Path) -> None:
    staged = stage([event(1, "cat")], tmp_path / "rows")
    [row] = group_frames(staged.of_day(staged.days[0]), OBJECTS).to_pylist()
    assert row["objects"] == [{"label": "cat", "score": 1.0, **PLACE}]


def test_what_was_read_is_told(tmp_path: Path) -> None:
    rows = [
        event(1, "cat", "yard", doubt=LocalTimeProblem.TWICE), event(2, None, after=-DAY),
        event(3, "cat", doubt=LocalTimeProblem.NEVER), event(4, "dog", doubt=LocalTimeProblem.NEVER),
    ]  # fmt: skip
    days = (at("10:00", "2026-01-01").date(), at("10:00").date())
    path = tmp_path / "rows"
    assert stage(rows, path) == StagedRows(path, 4, 1, ("door", "yard"), days, twice=1, never=2)
    assert stage([], path) == StagedRows(path, 0, 0, (), (), 0, 0)


@pytest.mark.parametrize("seed", range(30))
def test_no_row_is_lost_or_doubled_in_whatever_order_they_stand(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = Random(seed)
    monkeypatch.setattr(event_frames, "BATCH_ROWS", dice.randint(1, 40))
    rows = [
        event(number, dice.choice([None, "cat", "dog"]), dice.choice("ab"), dice.choice([0, 1, 2, DAY, -DAY]))
        for number in range(1, dice.randint(2, 100))
    ]
    found = frames(stage(rows, tmp_path / "rows"))
    told = Counter((camera, after, label) for camera, after, labels in found for label in labels or [None])
    assert told == Counter((one.camera_id, one.at - TEN, one.label) for one in rows)
    seen = [(camera, after) for camera, after, labels in found if labels]
    assert len(seen) == len(set(seen)), "objects of one camera and moment are on one frame"
