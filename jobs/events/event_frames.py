"""Convert rows of an event file to frames with objects, a UTC day at a time, through a file on disk.

Rows of one camera and moment are one frame with several objects; the same row twice is two objects. Each row
"Nothing detected" is a frame of its own without objects. So every row can be found again in the lake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as parquet

from jobs.events.event_rows import Event
from jobs.events.event_times import EPOCH, LocalTimeProblem

BATCH_ROWS: Final = 100_000
MOMENT: Final = pa.timestamp("us", tz="UTC")
DAY_US: Final = 24 * 3600 * 1_000_000
SCORE: Final = 1.0
"""The first version stored no scores. With 1 no threshold hides what it reported."""
STAGED: Final = pa.schema(
    [("row", pa.int64()), ("observed_at", MOMENT), ("camera_id", pa.string()), ("label", pa.string())]
)


@dataclass(frozen=True, slots=True)
class StagedRows:
    """Validated rows, in a Parquet file.

    Attributes:
        path: the file; columns of STAGED.
        rows: how many.
        nothing: of these, "Nothing detected".
        cameras: their cameras, sorted.
        days: UTC days, sorted.
        twice, never: rows at times that the zone's clock shows twice, and never.
    """

    path: Path
    rows: int
    nothing: int
    cameras: tuple[str, ...]
    days: tuple[date, ...]
    twice: int
    never: int

    @property
    def objects(self) -> int:
        """Number of rows that are objects."""
        return self.rows - self.nothing

    def of_day(self, day: date) -> pa.Table:
        """Read the rows of a day."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        first, last = (pa.scalar(moment, MOMENT) for moment in (start, start + timedelta(days=1)))
        at = ds.field("observed_at")
        return ds.dataset(self.path).to_table(filter=(at >= first) & (at < last))


def stage(events: Iterable[Event], path: Path) -> StagedRows:
    """Write rows to a file, in batches; return a summary of them."""
    doubts, cameras, days = dict.fromkeys(LocalTimeProblem, 0), set[str](), set[int]()
    rows = nothing = 0
    with parquet.ParquetWriter(path, STAGED, compression="zstd") as writer:
        for part in _parts(events):
            writer.write_batch(_batch(part))
            rows += len(part)
            nothing += sum(event.label is None for event in part)
            cameras |= {event.camera_id for event in part}
            days |= {event.at // DAY_US for event in part}
            for event in part:
                doubts[event.doubt] += 1
    dates = tuple((EPOCH + timedelta(days=day)).date() for day in sorted(days))
    return StagedRows(
        path,
        rows,
        nothing,
        tuple(sorted(cameras)),
        dates,
        doubts[LocalTimeProblem.TWICE],
        doubts[LocalTimeProblem.NEVER],
    )


def _parts(events: Iterable[Event]) -> Iterator[list[Event]]:
    remaining = iter(events)
    while part := list(islice(remaining, BATCH_ROWS)):
        yield part


def _batch(part: list[Event]) -> pa.RecordBatch:
    columns = [[getattr(event, name) for event in part] for name in ("row", "at", "camera_id", "label")]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, STAGED.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=STAGED)


def group_frames(rows: pa.Table, objects: pa.DataType) -> pa.Table:
    """Group rows to frames with their objects, in the order of time.

    Args:
        rows: columns of STAGED, in any order.
        objects: type of `detections.objects`.

    Returns:
        `camera_id`, `observed_at` and `objects`; these in the order of the file.
    """
    ordered = rows.append_column("empty", pc.is_null(rows["label"])).sort_by(
        [(name, "ascending") for name in ("observed_at", "camera_id", "empty", "row")]
    )
    empty = ordered["empty"].to_numpy()
    starts = np.flatnonzero(_frame_starts(ordered, empty))
    ends = np.append(0, np.cumsum(~empty))[np.append(starts, len(empty))]
    labels = ordered["label"].combine_chunks().drop_null()
    first = ordered.select(["camera_id", "observed_at"]).take(pa.array(starts))
    lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), _objects(labels, objects.value_type))
    return first.append_column("objects", lists)


def _frame_starts(ordered: pa.Table, empty: np.ndarray) -> np.ndarray:
    """Return a mask of the rows that begin a frame."""
    begins = empty.copy()
    begins[:1] = True
    moments = ordered["observed_at"].cast(pa.int64()).to_numpy()
    cameras = ordered["camera_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    begins[1:] |= (np.diff(moments) != 0) | (np.diff(cameras) != 0)
    return np.asarray(begins)


def _objects(labels: pa.Array, kind: pa.StructType) -> pa.StructArray:
    """Build objects without a box; the file has none."""
    columns_by_name: dict[str, Any] = {
        "label": labels,
        "score": pa.repeat(pa.scalar(SCORE, pa.float32()), len(labels)),
    }
    columns = [columns_by_name.get(field.name, pa.nulls(len(labels), field.type)) for field in kind]
    return pa.StructArray.from_arrays(columns, fields=list(kind))
