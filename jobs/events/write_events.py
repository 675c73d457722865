"""Write an event file to `detections`.

There are no pictures, so nothing goes to `frames`. The rows have the topic `imported` and, as topic id,
the SHA-256 of the file, by which a second import of it is detected. Nothing went through a broker: a
frame counts as appended when it was observed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake

from jobs.events.event_frames import MOMENT, StagedRows, group_frames
from jobs.events.imported_events import Import
from lake.contracts.wire_format import IMPORTED_TOPIC, Status
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS
from lake.storage.delta_tables import arrow_schema, open_table, with_all_columns
from lake.storage.tables import Lake, retry_on_conflict


def write_import(lake: Lake, about: Import, staged: StagedRows) -> None:
    """Write the rows of a file in one commit; without rows there is no commit.

    The run comes first: a frame's run must be written down before the frame is.

    Args:
        lake: the tables.
        about: the import.
        staged: its rows.
    """
    if not staged.rows:
        return
    runs, rows = open_table(lake.folder(DETECTOR_RUNS)), open_table(lake.folder(DETECTIONS))
    runs.delete(f"run_id = '{about.run_id}'")
    run = pa.Table.from_pylist([about.to_run()], arrow_schema(runs))
    retry_on_conflict(lambda: write_deltalake(open_table(lake.folder(DETECTOR_RUNS)), run, mode="append"))
    schema = arrow_schema(rows)

    def append() -> None:
        read = pa.RecordBatchReader.from_batches(schema, detections(about, staged, schema))
        write_deltalake(open_table(lake.folder(DETECTIONS)), read, mode="append")

    retry_on_conflict(append)


def detections(about: Import, staged: StagedRows, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield rows of `detections`, a day at a time; offsets count through all of them."""
    written = 0
    for day in staged.days:
        frames = group_frames(staged.of_day(day), schema.field("objects").type)
        rows = _rows(about, frames, day, written)
        yield from with_all_columns(pa.table(rows), schema).to_batches()
        written += len(frames)


def _rows(about: Import, frames: pa.Table, day: date, written: int) -> dict[str, Any]:
    count = len(frames)
    offset = pa.array(np.arange(written, written + count))
    observed = frames["observed_at"]
    names = frames["camera_id"], pa.repeat(about.run_id, count), offset.cast(pa.string())
    same = {
        "topic": IMPORTED_TOPIC, "topic_id": about.sha256, "partition": 0, "clock_skewed": False,
        "layer": "batch", "run_id": about.run_id, "status": str(Status.DETECTED),
        "finished_at": pa.scalar(about.at, MOMENT), "day": day,
    }  # fmt: skip
    return {
        "offset": offset,
        "camera_id": frames["camera_id"],
        "frame_id": pc.binary_join_element_wise(*names, "/"),
        **dict.fromkeys(("appended_at", "captured_at", "observed_at"), observed),
        "objects": frames["objects"],
        **{name: pa.repeat(value, count) for name, value in same.items()},
    }
