"""Audits and decisions of a small lake, written without a JVM; all hours lie before a chosen one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.support.tables.arrow_tables import write
from lake.schema.batch_schemas import PUBLICATIONS, QUALITY_RESULTS
from tests.dashboards.explore_lake import HOSTILE

HOUR = timedelta(hours=1)
SCORES, SECTORS, SEEN = "scores_are_in_range", "sectors_fit_their_boxes", "most_of_the_hour_was_seen"
SENTENCES = {SCORES: "each score is from 0.2 to 1", SECTORS: "sectors fit", SEEN: "half of it was seen"}
SUBJECTS = {SCORES: "objects_candidate", SECTORS: "objects_candidate", SEEN: "camera_hours_candidate"}
REASON = f'{SCORES}: 3 of 120 rows of objects_candidate fell short of "{SENTENCES[SCORES]}" (label {HOSTILE})'
Row = dict[str, Any]


def check(
    hour: datetime, camera: str, expectation: str, run_id: str, checked_at: datetime, **more: Any
) -> Row:
    """A check that passed, of 120 rows, unless told otherwise."""
    severity = "warning" if expectation == SEEN else "critical"
    return {
        "hour": hour, "camera_id": camera, "day": hour.date(), "expectation": expectation, "run_id": run_id,
        "checked_at": checked_at, "success": True, "checked": 120, "unexpected": 0, "severity": severity,
        "sentence": SENTENCES[expectation], "subject": SUBJECTS[expectation],
        "objects_candidate_version": 1, "camera_hours_candidate_version": 1, **more,
    }  # fmt: skip


def fell_short(unexpected: int = 3, observed: str = "score 1.5") -> Row:
    return {"success": False, "unexpected": unexpected, "observed": observed}


def audit(hour: datetime, camera: str, run_id: str, at: datetime, **short: Row) -> list[Row]:
    """All three checks of an hour and camera; `short` says which fell short, and how."""
    return [check(hour, camera, one, run_id, at, **short.get(one, {})) for one in SENTENCES]


def decision(hour: datetime, camera: str, state: str, run_id: str, at: datetime, *reasons: str) -> Row:
    return {
        "hour": hour, "camera_id": camera, "day": hour.date(), "state": state, "run_id": run_id,
        "decided_at": at, "reasons": list(reasons) or None,
    }  # fmt: skip


def write_quality_lake(root: Path, now_hour: datetime) -> None:
    """Of the hours before `now_hour`, by how many hours they lie before it.

    - 5, door: held, published by `first`, held again by `second`
    - 4, door: its first audit failed, `second` passed it, and it is published; it warns
    - 4, the hostile camera: held twice, never published
    - 3, door: published; 2, door: open
    """
    five, four, three, two = (now_hour - number * HOUR for number in (5, 4, 3, 2))
    early, late = now_hour - HOUR, now_hour - HOUR / 2
    write(root, QUALITY_RESULTS, [
        *audit(five, "door", "first", early),
        *audit(five, "door", "second", late, **{SCORES: fell_short()}),
        *audit(four, "door", "first", early, **{SECTORS: fell_short(7)}),
        *audit(four, "door", "second", late, **{SEEN: fell_short(1, "share 0.25")}),
        *audit(four, HOSTILE, "first", early, **{SCORES: fell_short(2)}),
        *audit(four, HOSTILE, "second", late, **{SCORES: fell_short(3, f"label {HOSTILE}")}),
        *audit(three, "door", "first", early),
    ])  # fmt: skip
    write(root, PUBLICATIONS, [
        decision(five, "door", "open", "count", five + HOUR),
        decision(five, "door", "held", "zeroth", early - HOUR / 2, "too old a reason"),
        decision(five, "door", "published", "first", early),
        decision(five, "door", "held", "second", late, REASON),
        decision(four, "door", "held", "first", early, "sectors"),
        decision(four, "door", "published", "second", late),
        decision(four, HOSTILE, "held", "first", early, "an old reason"),
        decision(four, HOSTILE, "held", "second", late, REASON, "and another"),
        decision(three, "door", "published", "first", early),
        decision(two, "door", "open", "count", early),
    ])  # fmt: skip
