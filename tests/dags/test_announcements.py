"""What a run left in `publications`, from a table of hand-typed rows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from dags.scheduling.announcements import counted_candidate, published_hours, refuse_held
from dags.scheduling.outcomes import NothingToDoError, RefusedError
from tests.conftest import at

RUN = "manual__it's_10"
PLAN = {
    "publish": True,
    "scope": {"hours": ["2026-01-02T10:00:00Z", "2026-01-02T11:00:00Z"], "cameras": None},
}
MOMENT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema([
    ("hour", MOMENT), ("camera_id", pa.string()), ("state", pa.string()),
    ("objects_candidate_version", pa.int64()), ("camera_hours_candidate_version", pa.int64()),
    ("reasons", pa.list_(pa.string())), ("run_id", pa.string()), ("decided_at", MOMENT),
])  # fmt: skip


def row(
    hour: datetime, camera: str, state: str, version: int, decided: str, *reasons: str, run: str = RUN
) -> dict[str, Any]:
    values = (hour, camera, state, version, version + 100, list(reasons) or None, run, at(decided))
    return dict(zip(SCHEMA.names, values, strict=True))


@pytest.fixture
def publications(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYCTURESTREAM_DATA", str(tmp_path))
    return tmp_path / "lake" / "publications"


def fill(table: Path, *rows: dict[str, Any]) -> None:
    write_deltalake(table, pa.Table.from_pylist(list(rows), SCHEMA), mode="append")


def test_the_candidate_of_the_last_attempt_is_announced(publications: Path) -> None:
    fill(
        publications,
        row(at("10:00"), "door", "open", 3, "12:00"),
        row(at("10:00"), "door", "open", 5, "12:10"),
        row(at("11:00"), "desk", "open", 5, "12:10"),
        row(at("10:00"), "door", "open", 9, "12:20", run="another"),
    )
    assert counted_candidate(PLAN, RUN) == {
        "hours": ["2026-01-02T10:00:00Z", "2026-01-02T11:00:00Z"],
        "cameras": None,
        "objects_candidate": 5,
        "camera_hours_candidate": 105,
    }


def test_what_is_not_to_be_published_is_not_announced(publications: Path) -> None:
    with pytest.raises(NothingToDoError, match="without publishing"):
        counted_candidate({**PLAN, "publish": False}, RUN)


def test_a_run_that_counted_nothing_is_a_failure(publications: Path) -> None:
    fill(publications, row(at("10:00"), "door", "open", 9, "12:20", run="another"))
    with pytest.raises(RefusedError, match="left no candidate: clear its task count_objects"):
        counted_candidate(PLAN, RUN)


def test_published_hours_are_told_and_held_ones_fail_with_their_reasons(publications: Path) -> None:
    fill(
        publications,
        row(at("10:00"), "door", "published", 5, "12:00"),
        row(at("11:00"), "door", "published", 5, "12:00"),
        row(at("11:00"), "desk", "held", 5, "12:00", "scores are in 0..1", "keys are unique"),
    )
    assert published_hours(RUN) == {
        "hours": ["2026-01-02T10:00:00Z", "2026-01-02T11:00:00Z"],
        "camera_hours": 2,
    }
    with pytest.raises(RefusedError) as refused:
        refuse_held(RUN)
    assert str(refused.value) == "2026-01-02T11:00:00Z desk is held: scores are in 0..1, keys are unique"


def test_the_newest_decision_of_a_run_that_was_tried_again_counts(publications: Path) -> None:
    fill(
        publications,
        row(at("10:00"), "door", "published", 5, "12:10"),
        row(at("10:00"), "door", "held", 5, "12:00", "scores are in 0..1"),
    )
    refuse_held(RUN)
    assert published_hours(RUN)["camera_hours"] == 1


def test_a_run_that_held_everything_announces_nothing(publications: Path) -> None:
    fill(publications, row(at("10:00"), "door", "held", 5, "12:00", "scores are in 0..1"))
    with pytest.raises(NothingToDoError, match="the task gate says why"):
        published_hours(RUN)
