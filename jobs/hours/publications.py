"""Append decisions about hours and cameras to `publications`; without Spark, as there are few rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lake.config.lake_location import LakeLocation
from lake.contracts.camera_hour import CameraHour
from lake.contracts.hours import Candidate, format_hour
from lake.schema.batch_schemas import PUBLICATIONS
from lake.storage.delta_tables import append_rows


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision about one hour and camera.

    Attributes:
        about: the hour and camera.
        state: open, published or held.
        reasons: a sentence for each critical expectation that failed, when held.
        published_version: Delta version of published_objects, when published.
    """

    about: CameraHour
    state: str
    reasons: tuple[str, ...] | None = None
    published_version: int | None = None


def record_decisions(
    root: LakeLocation, candidate: Candidate, decisions: Iterable[Decision], run_id: str, decided_at: datetime
) -> None:
    """Append decisions about a candidate in one commit; without decisions there is no commit.

    Args:
        root: root folder of the tables.
        candidate: the versions they refer to.
        decisions: one per hour and camera.
        run_id: the run that decided.
        decided_at: UTC; the newest decision counts.
    """
    rows = [_row(candidate, decision, run_id, decided_at) for decision in decisions]
    if rows:
        append_rows(root, PUBLICATIONS, rows)


def where_pairs(about: Iterable[CameraHour]) -> str:
    """Return a condition on day, hour and camera_id for exactly these hours and cameras, at least one.

    >>> from lake.contracts.hours import parse_hour
    >>> where_pairs([(parse_hour("2026-01-02T03:00:00Z"), "door")])
    "day IN (DATE '2026-01-02') AND ((hour IN (TIMESTAMP '2026-01-02T03:00:00Z') AND camera_id IN ('door')))"
    """
    cameras: dict[datetime, set[str]] = {}
    for hour, camera_id in about:
        cameras.setdefault(hour, set()).add(camera_id)
    alike: dict[tuple[str, ...], list[datetime]] = {}
    for hour, names in sorted(cameras.items()):
        alike.setdefault(tuple(sorted(names)), []).append(hour)
    days = ", ".join(sorted({f"DATE '{hour:%Y-%m-%d}'" for hour in cameras}))
    terms = (
        f"(hour IN ({_listed('TIMESTAMP ', map(format_hour, hours))}) "
        f"AND camera_id IN ({_listed('', names)}))"
        for names, hours in alike.items()
    )
    return f"day IN ({days}) AND ({' OR '.join(terms)})"


def _listed(kind: str, values: Iterable[str]) -> str:
    return ", ".join(kind + "'" + value.replace("'", "''") + "'" for value in values)


def _row(candidate: Candidate, decision: Decision, run_id: str, decided_at: datetime) -> dict[str, object]:
    hour, camera_id = decision.about
    return {
        "hour": hour,
        "camera_id": camera_id,
        "state": decision.state,
        "objects_candidate_version": candidate.objects_version,
        "camera_hours_candidate_version": candidate.camera_hours_version,
        "published_objects_version": decision.published_version,
        "reasons": None if decision.reasons is None else list(decision.reasons),
        "run_id": run_id,
        "decided_at": decided_at,
        "day": hour.date(),
    }
