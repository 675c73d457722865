"""Write a synthetic history into the lake, and remove it again; without Spark."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
from deltalake import write_deltalake

from jobs.demo.cameras import MAX_CAMERAS, PREFIX, camera_names
from jobs.demo.history import History, HistoryError, Plan
from jobs.demo.rows import LAYERS, Chunk, chunks, run_id
from lake.config.lake_location import LakeLocation
from lake.contracts.hours import format_hour
from lake.contracts.wire_format import STORED_SCORE, SYNTHETIC_TOPIC
from lake.schema.batch_schemas import (
    BROKER_HOURS,
    CAMERA_HOURS,
    CAMERA_HOURS_CANDIDATE,
    HOURLY_COUNTS,
    MINUTE_COUNTS,
    OBJECTS_CANDIDATE,
    PUBLICATIONS,
    PUBLISHED_OBJECTS,
    QUALITY_RESULTS,
)
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, FRAMES
from lake.schema.table import Table
from lake.storage.delta_tables import arrow_schema, is_table, open_table, with_all_columns
from lake.storage.reader import read_rows
from lake.storage.tables import retry_on_conflict

ITS_CAMERAS: Final = "camera_id IN (" + ", ".join(f"'{name}'" for name in camera_names(MAX_CAMERAS)) + ")"
ITS_TOPIC: Final = f"topic = '{SYNTHETIC_TOPIC}'"
SYNTHETIC: Final = (
    (FRAMES, ITS_TOPIC),
    (DETECTIONS, ITS_TOPIC),
    (OBJECTS_CANDIDATE, ITS_TOPIC),
    (PUBLISHED_OBJECTS, ITS_TOPIC),
    (CAMERA_HOURS_CANDIDATE, ITS_CAMERAS),
    (CAMERA_HOURS, ITS_CAMERAS),
    (MINUTE_COUNTS, ITS_CAMERAS),
    (HOURLY_COUNTS, ITS_CAMERAS),
    (PUBLICATIONS, ITS_CAMERAS),
    (QUALITY_RESULTS, ITS_CAMERAS),
    (BROKER_HOURS, ITS_TOPIC),
    (DETECTOR_RUNS, f"run_id LIKE '{PREFIX}%'"),
)
"""Synthetic rows of each table; source tables come first, so that nothing is recounted from them."""

log = logging.getLogger("demo_events")


def remove_history(root: LakeLocation) -> dict[str, int]:
    """Delete all synthetic rows; return table → number of rows deleted."""
    removed: dict[str, int] = {}
    for table, where in SYNTHETIC:
        retry_on_conflict(lambda: removed.update(_delete(root, table, where)))  # noqa: B023, done at once
    return removed


def _delete(root: LakeLocation, table: Table, where: str) -> dict[str, int]:
    if not is_table(root / table.name):
        return {}
    return {table.name: int(open_table(root / table.name).delete(where)["num_deleted_rows"])}


def check_names(root: LakeLocation) -> None:
    """Check that no real camera has a demo camera's name.

    Raises:
        HistoryError: a real camera has such a name.
    """
    sql = f"SELECT DISTINCT camera_id FROM detections WHERE {ITS_CAMERAS} AND NOT ({ITS_TOPIC})"
    names = [row["camera_id"] for row in read_rows(root, sql, DETECTIONS)]
    if names:
        raise HistoryError(
            f"{', '.join(sorted(names))} is the name of a real camera in this lake, and a camera of the demo:"
            " use another PYCTURESTREAM_DATA for the demo, or rename the camera"
        )


def write_history(root: LakeLocation, plan: Plan) -> int:
    """Write all rows, part by part; return the number of frames."""
    _append(root, DETECTOR_RUNS, _runs(plan.history))
    written = frames = 0
    for chunk in chunks(plan):
        _write_chunk(root, chunk)
        frames += chunk.frames.num_rows
        written += int(plan.objects[chunk.start : chunk.end].sum())
        until = format_hour(plan.history.hour(chunk.end))
        log.info("wrote up to %s: %d of %d objects", until, written, plan.history.objects)
    return frames


def _write_chunk(root: LakeLocation, chunk: Chunk) -> None:
    """Write outcomes first: a frame without one would count as waiting for its analysis."""
    _append(root, DETECTIONS, chunk.detections)
    _append(root, FRAMES, chunk.frames)


def _append(root: LakeLocation, table: Table, rows: pa.Table) -> None:
    target = open_table(root / table.name)
    schema = arrow_schema(target)
    retry_on_conflict(lambda: write_deltalake(target, with_all_columns(rows, schema), mode="append"))


def _runs(history: History) -> pa.Table:
    runs: Sequence[dict[str, Any]] = [_run(history, layer) for layer in LAYERS]
    kinds = {"model_sha256": pa.map_(pa.string(), pa.string())}
    columns = {name: pa.array([run[name] for run in runs], kinds.get(name)) for name in DETECTOR_RUNS.columns}
    return pa.table(columns)


def _run(history: History, layer: str) -> dict[str, Any]:
    """Describe the detector run as `jobs.frames.detector_run` describes a real one."""
    columns = {
        "layer": layer,
        "engine": "none: drawn by chance",
        "model": SYNTHETIC_TOPIC,
        "model_sha256": [],
        "policy": "newest",
        "stale_after_s": 5.0,
        "stored_score": STORED_SCORE,
        "report_threshold": 0.5,
    }
    digest = hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()
    identity = {"run_id": run_id(history.seed, layer), "started_at": history.first}
    return {**columns, **identity, "configuration_sha256": digest}
