"""Rows of frames and detections for tests of the batch layer, and their way into a lake without Spark."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from lake.config.lake_location import LakeLocation
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.schema.table import Table
from lake.storage.delta_tables import open_table
from lake.storage.reader import read_rows

LIFE = "11111111-1111-1111-1111-111111111111"
Row = dict[str, Any]


def record(
    offset: int,
    observed_at: datetime,
    camera_id: str | None = "door",
    frame_id: str | None = None,
    **more: Any,
) -> Row:
    """What frames and detections both know of a record; appended 1 s after it was taken unless told."""
    return {
        "topic": "pycturestream",
        "topic_id": LIFE,
        "partition": 0,
        "offset": offset,
        "appended_at": observed_at + timedelta(seconds=1),
        "camera_id": camera_id,
        "frame_id": frame_id or f"{camera_id}/s/{offset}",
        "captured_at": observed_at,
        "sent_at": observed_at,
        "observed_at": observed_at,
        "clock_skewed": False,
        "replay_id": None,
        "day": observed_at.date(),
        **more,
    }


def frame(known: Row) -> Row:
    """The record's row of `frames`."""
    value = f"jpeg {known['offset']}".encode()
    own = {
        "format": "frame/1",
        "value": value,
        "bytes": len(value),
        "headers": [],
        "width": 640,
        "height": 480,
    }
    return {**known, **own, "sha256": hashlib.sha256(value).hexdigest()}


def outcome(known: Row, status: str = "detected", *seen: Row, **more: Any) -> Row:
    """A row of `detections` about the record, by the speed layer 2 s after it was taken unless told."""
    finished_at = known["observed_at"] + timedelta(seconds=2)
    own = {"layer": "speed", "run_id": "speed-1", "status": status, "objects": list(seen)}
    return {
        **known,
        **own,
        "batch_at": finished_at,
        "started_at": finished_at,
        "finished_at": finished_at,
        **more,
    }


def thing(label: str = "cat", score: float = 0.75, sector_v: str = "top", sector_h: str = "left") -> Row:
    """An object in the upper left."""
    return {
        "label": label, "score": score, "ymin": 0.0, "xmin": 0.0, "ymax": 0.25, "xmax": 0.25,
        "sector_v": sector_v, "sector_h": sector_h,
    }  # fmt: skip


def add(root: LakeLocation, table: Table, rows: list[Row]) -> None:
    """Append rows; columns that they do not name are null."""
    stored = open_table(root / table.name)
    write_deltalake(stored, pa.Table.from_pylist(rows, pa.schema(stored.schema().to_arrow())), mode="append")


def fill(root: LakeLocation, frames: list[Row], detections: list[Row]) -> None:
    """Append to both tables that the archives write."""
    for table, rows in ((FRAMES, frames), (DETECTIONS, detections)):
        if rows:
            add(root, table, rows)


def rows_of(
    root: LakeLocation, table: Table, columns: str, order: str, where: str = "TRUE"
) -> list[tuple[Any, ...]]:
    """Rows of a table as tuples."""
    found = read_rows(root, f"SELECT {columns} FROM {table.name} WHERE {where} ORDER BY {order}", table)
    return [tuple(row.values()) for row in found]
