"""Cuts an audit into parts that fit into memory: a day at a time, and of many cameras some at a time."""

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
"""Objects, frames and detections looked at at once: about 1 GB. A single camera is never cut."""


def parts(root: LakeLocation, candidate: Candidate, most: int = MAX_ROWS) -> Iterator[Candidate]:
    """The candidate in parts whose scopes together are its own; whole days where these are small enough.

    Args:
        root: root folder of the tables.
        candidate: what is audited.
        most: rows of a part.
    """
    for _, hours in groupby(candidate.scope.hours, key=lambda hour: hour.date()):
        day = replace(candidate, scope=replace(candidate.scope, hours=tuple(hours)))
        sizes = _counted(root, day)
        if sum(sizes.values()) <= most:
            yield day
        else:
            yield from _by_cameras(day, _present(root, day.scope) | sizes, most)


def _by_cameras(day: Candidate, sizes: dict[str, int], most: int) -> Iterator[Candidate]:
    """Cameras in the order of their names, so that what is found comes in that order too."""
    names: list[str] = []
    held = 0
    for camera, rows in sorted(sizes.items()):
        if names and held + rows > most:
            yield replace(day, scope=Scope(day.scope.hours, tuple(names)))
            names, held = [], 0
        names.append(camera)
        held += rows
    if names:
        yield replace(day, scope=Scope(day.scope.hours, tuple(names)))


def _counted(root: LakeLocation, day: Candidate) -> dict[str, int]:
    """Camera → its rows, as they were counted; a count that lacks is for the audit to find."""
    rows = " + ".join(f"coalesce({name}, 0)" for name in ("objects", "frame_rows", "detection_rows"))
    sql = f"""SELECT camera_id, sum({rows}) AS size
              FROM camera_hours_candidate WHERE {day.scope.where()} GROUP BY camera_id"""
    found = CandidateTables(root, day).query(sql, CAMERA_HOURS_CANDIDATE)
    return dict(zip(found["camera_id"], map(int, found["size"]), strict=True))


def _present(root: LakeLocation, scope: Scope) -> dict[str, int]:
    """Cameras of rows that may have come after the count, each with no size."""
    camera = camera_of_row("r")
    found: set[str] = set()
    for table in (DETECTIONS, FRAMES):
        rows = f"""SELECT DISTINCT {camera} AS camera_id, {hour_of_row("r")} AS hour, r.day
                   FROM {table.name} r"""
        sql = f"SELECT DISTINCT s.camera_id FROM ({rows}) s WHERE {scope.where()}"
        found |= {row["camera_id"] for row in read_rows(root, sql, table)}
    return dict.fromkeys(found, 0)
