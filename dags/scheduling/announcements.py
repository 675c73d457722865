"""Decisions of a run in `publications`, for the events and the gate that follow; runs inside a task."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dags.scheduling.outcomes import NothingToDoError, RefusedError
from lake.config.settings import Settings
from lake.contracts.hours import Candidate, Scope, format_hour, parse_hour
from lake.schema.batch_schemas import PUBLICATIONS
from lake.storage.reader import read_rows


def counted_candidate(plan: Mapping[str, Any], run_id: str) -> dict[str, Any]:
    """Return the candidate that a run counted, for the extra of its event.

    Raises:
        NothingToDoError: it is not to be published.
        RefusedError: the run counted nothing.
    """
    if not plan["publish"]:
        raise NothingToDoError("counted without publishing, as was asked for")
    rows = [row for row in decided(run_id) if row["state"] == "open"]
    if not rows:
        raise RefusedError(f"run {run_id!r} left no candidate: clear its task count_objects")
    hours, cameras = plan["scope"]["hours"], plan["scope"]["cameras"]
    return Candidate(
        Scope(tuple(parse_hour(hour) for hour in hours), tuple(cameras) if cameras else None),
        max(row["objects_candidate_version"] for row in rows),
        max(row["camera_hours_candidate_version"] for row in rows),
    ).to_extra()


def published_hours(run_id: str) -> dict[str, Any]:
    """Return the hours that a run published, and how many cameras of them.

    Raises:
        NothingToDoError: it published none.
    """
    rows = [row for row in decided(run_id) if row["state"] == "published"]
    if not rows:
        raise NothingToDoError("nothing was published: the task gate says why")
    return {"hours": sorted({format_hour(row["hour"]) for row in rows}), "camera_hours": len(rows)}


def refuse_held(run_id: str) -> None:
    """Fail if an hour was held.

    Raises:
        RefusedError: names each hour and camera that was held, and why.
    """
    held = [row for row in decided(run_id) if row["state"] == "held"]
    if held:
        raise RefusedError("; ".join(_format_held(row) for row in held))


def decided(run_id: str) -> list[dict[str, Any]]:
    """Return the newest row per hour and camera that a run left in `publications`."""
    quoted = run_id.replace("'", "''")
    rows = read_rows(
        Settings.from_env(os.environ).lake,
        f"SELECT * FROM publications WHERE run_id = '{quoted}' ORDER BY hour, camera_id, decided_at",
        PUBLICATIONS,
    )
    return list({(row["hour"], row["camera_id"]): row for row in rows}.values())


def _format_held(row: Mapping[str, Any]) -> str:
    reasons = ", ".join(row["reasons"] or ["no reason given"])
    return f"{format_hour(row['hour'])} {row['camera_id']} is held: {reasons}"
