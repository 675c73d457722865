"""Downstream provenance: published hours that depend on a frame, or on a detector run."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from dashboards.data.exploring import Explorer
from dashboards.data.provenance import Record
from lake.storage.sql_literals import days_between, quoted

MAX_HOURS: Final = 200


def hours_of_record(explorer: Explorer, record: Record) -> list[dict[str, Any]]:
    """Return published hours with objects of this frame: hour, camera_id, objects."""
    return _hours(explorer, record.where)


def hours_of_run(explorer: Explorer, run_id: str, first: date, last: date) -> list[dict[str, Any]]:
    """Return published hours with objects of a detector run, at most MAX_HOURS, newest first.

    Args:
        explorer: the open tables.
        run_id: the detector run.
        first: UTC day.
        last: UTC day, included.
    """
    return _hours(explorer, f"{days_between('r', first, last)} AND r.run_id = {quoted(run_id)}")


def _hours(explorer: Explorer, where: str) -> list[dict[str, Any]]:
    if not explorer.has("published_objects"):
        return []
    return explorer.ask(
        f"SELECT r.hour, r.camera_id, count(*) AS objects FROM published_objects r WHERE {where} "
        f"GROUP BY r.hour, r.camera_id ORDER BY r.hour DESC, r.camera_id LIMIT {MAX_HOURS}"
    )
