"""Split an audit into parts that fit into memory: by day, and by camera where a day is too large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Final

from jobs.quality.inputs import CandidateTables
from lake.config.lake_location import LakeLocation
from lake.contracts.camera_hour import camera_of_row, hour_of_row
from lake.contracts.hours import Candidate, Scope
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.storage.reader import read_rows

MAX_ROWS: Final = 500_000
"""Objects, frames and detections held at once: about 1 GB. A single camera is never split."""


def split_audit(root: LakeLocation, candidate: Candidate, max_rows: int = MAX_ROWS) -> Iterator[Candidate]:
    """Yield parts whose scopes together are the candidate's; whole days where these are small enough.

    Args:
        root: root folder of the tables.
        candidate: what is audited.
        max_rows: rows of a part.
    """
    for _, hours in groupby(candidate.scope.hours, key=lambda hour: hour.date()):
        day = replace(candidate, scope=replace(candidate.scope, hours=tuple(hours)))
        sizes = _sizes_by_camera(root, day)
        if sum(sizes.values()) <= max_rows:
            yield day
        else:
            yield from _by_cameras(day, _cameras_present(root, day.scope) | sizes, max_rows)


def _by_cameras(day: Candidate, sizes: dict[str, int], max_rows: int) -> Iterator[Candidate]:
    """Yield groups of cameras in the order of their names, so that findings come in that order too."""
    names: list[str] = []
    size = 0
    for camera, rows in sorted(sizes.items()):
        if names and size + rows > max_rows:
            yield replace(day, scope=Scope(day.scope.hours, tuple(names)))
            names, size = [], 0
        names.append(camera)
        size += rows
    if names:
        yield replace(day, scope=Scope(day.scope.hours, tuple(names)))


def _sizes_by_camera(root: LakeLocation, day: Candidate) -> dict[str, int]:
    """Return camera → its rows, as they were counted; a missing count is for the audit to find."""
    rows = " + ".join(f"coalesce({name}, 0)" for name in ("objects", "frame_rows", "detection_rows"))
    sql = f"""SELECT camera_id, sum({rows}) AS size
              FROM camera_hours_candidate WHERE {day.scope.where()} GROUP BY camera_id"""
    counts = CandidateTables(root, day).query(sql, CAMERA_HOURS_CANDIDATE)
    return dict(zip(counts["camera_id"], map(int, counts["size"]), strict=True))


def _cameras_present(root: LakeLocation, scope: Scope) -> dict[str, int]:
    """Return cameras of rows that may have come after the count, each with size 0."""
    camera = camera_of_row("r")
    cameras: set[str] = set()
    for table in (DETECTIONS, FRAMES):
        rows = f"""SELECT DISTINCT {camera} AS camera_id, {hour_of_row("r")} AS hour, r.day
                   FROM {table.name} r"""
        sql = f"SELECT DISTINCT s.camera_id FROM ({rows}) s WHERE {scope.where()}"
        cameras |= {row["camera_id"] for row in read_rows(root, sql, table)}
    return dict.fromkeys(cameras, 0)
