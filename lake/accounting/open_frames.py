"""Frames that still wait for an analysis: in `frames`, without a terminal row in `detections`. No JVM."""

from __future__ import annotations

from typing import Any

from lake.config.lake_location import LakeLocation
from lake.contracts.camera_hour import camera_of_row, hour_of_row
from lake.contracts.hours import Scope
from lake.contracts.record_key import RECORD_KEY
from lake.contracts.statuses import SKIPPED, is_among
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.schema.schemas import CONTENT, DETECTIONS, FRAMES
from lake.storage.reader import read_rows


def open_frames(root: LakeLocation, scope: Scope, among: str = "TRUE") -> list[dict[str, Any]]:
    """Return the scope's records without a terminal outcome, oldest first: all columns but CONTENT.

    Records of another topic, such as synthetic history, hold no pictures and are left out.

    Args:
        root: of the tables.
        scope: hours of observation, and cameras.
        among: a further condition on the columns of `frames`, in DataFusion's SQL.
    """
    columns = ", ".join(f'f."{name}"' for name in FRAMES.columns if name not in CONTENT)
    sql = f"SELECT {columns} {_open(scope, among)} ORDER BY f.observed_at, f.appended_at, {_record('f')}"
    return read_rows(root, sql, FRAMES, DETECTIONS)


def count_open_frames(root: LakeLocation, scope: Scope) -> int:
    """Count the records of the scope without a terminal outcome."""
    [row] = read_rows(root, f"SELECT count(*) AS open {_open(scope, 'TRUE')}", FRAMES, DETECTIONS)
    return int(row["open"])


def _open(scope: Scope, among: str) -> str:
    days = ", ".join(f"DATE '{day}'" for day in scope.days)
    same = " AND ".join(f'f."{name}" = d."{name}"' for name in RECORD_KEY)
    return f"""
    FROM (SELECT * EXCEPT ({", ".join(CONTENT)}), {hour_of_row("r")} AS hour FROM frames r
          WHERE topic = '{FRAMES_TOPIC}') f
    LEFT ANTI JOIN (SELECT {_record("detections")} FROM detections
                    WHERE day IN ({days}) AND NOT {is_among("status", SKIPPED)}) d ON {same}
    WHERE {_within(scope)} AND {among}"""


def _within(scope: Scope) -> str:
    """Return the scope as a condition; a record without a usable camera belongs to UNKNOWN_CAMERA."""
    everywhere = Scope(scope.hours).where()
    if scope.cameras is None:
        return everywhere
    names = ", ".join(f"'{name}'" for name in scope.cameras)
    return f"{everywhere} AND {camera_of_row('f')} IN ({names})"


def _record(table: str) -> str:
    return ", ".join(f'{table}."{name}"' for name in RECORD_KEY)
