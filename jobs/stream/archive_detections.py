"""`resultstream` and `frame-outcomes` from Kafka → Delta table `detections`, exactly once.

Both topics are at-least-once: a restart may draw other batch boundaries and give another outcome for the
same record. For each record and layer the first archived outcome wins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.frames.outcome_rows import BEFORE_PICTURE, SOURCE, read_outcomes
from jobs.stream.highest_offsets import HighestOffsets, Row
from jobs.stream.lost_offsets import LostOffsets
from jobs.stream.offset_ranges import by_partition
from lake.config.lake_location import LakeLocation
from lake.contracts.record_key import RECORD_KEY
from lake.schema.schemas import DETECTIONS
from lake.storage.reader import read_rows
from lake.storage.tables import Lake

QUERY = "archive_detections"
IDENTITY = (*RECORD_KEY, "layer")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ArchiveDetections:
    """Archive micro-batches, one after the other, for `foreachBatch`."""

    lake: Lake
    gaps: LostOffsets
    highest: HighestOffsets
    now: Callable[[], datetime]

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Append the new outcomes of a batch made by `without_pictures`; the stored keys are read first.

        An anti-join in the same write would make it read the table, and die with
        ConcurrentAppendException beside OPTIMIZE; a blind append does not.
        """
        messages = batch.toArrow().to_pylist()
        arrived = read_outcomes(messages, self.lake.arrow_schema(DETECTIONS))
        if len(arrived) < len(messages):
            log.warning("%d messages are no result or outcome; ignored", len(messages) - len(arrived))
        rows = _identity_rows(arrived)
        stored = stored_identities(self.lake.root, self.highest.may_be_stored(rows))
        fresh = first_outcomes(rows, stored)
        if fresh:
            self.lake.append_arrow(arrived.take(fresh), DETECTIONS, self.gaps.writer, batch_id)
            self.highest.stored(rows)
        self.gaps.record_missing(batch_id, by_partition(map(_source, messages)), self.now())


def without_pictures(messages: DataFrame) -> DataFrame:
    """Select topic, partition, offset and value up to the picture: all that the driver needs.

    Part of the streaming plan, as on a batch it would be planned with each.
    """
    text = F.substring_index(F.col("value").cast("string"), BEFORE_PICTURE, 1)
    return messages.select("topic", "partition", "offset", text.cast("binary").alias("value"))


def fresh_outcomes(root: LakeLocation, arrived: pa.Table) -> list[int]:
    """Return positions of the first outcome of each record and layer that the table does not hold yet."""
    rows = _identity_rows(arrived)
    return first_outcomes(rows, stored_identities(root, rows))


def _identity_rows(arrived: pa.Table) -> list[Row]:
    names = [*IDENTITY, "day", *(field.name for field in SOURCE)]
    rows: list[Row] = arrived.select(names).to_pylist()
    return rows


def stored_identities(root: LakeLocation, arrived: Sequence[Row]) -> set[tuple[Any, ...]]:
    """Read the table's identities within the days and offsets of the outcomes that arrived."""
    if not arrived:
        return set()
    days = ", ".join(sorted({f"DATE '{row['day']}'" for row in arrived}))
    offsets = [row["offset"] for row in arrived]
    names = ", ".join(f'"{name}"' for name in IDENTITY)
    within = f'day IN ({days}) AND "offset" BETWEEN {min(offsets)} AND {max(offsets)}'
    stored = read_rows(root, f"SELECT {names} FROM detections WHERE {within}", DETECTIONS)
    return {_identity(row) for row in stored}


def first_outcomes(arrived: Sequence[Row], stored: set[tuple[Any, ...]]) -> list[int]:
    """Return positions of the first message of each record and layer that is not stored yet."""
    taken = set(stored)
    fresh = []
    in_order = sorted(range(len(arrived)), key=lambda at: _place(arrived[at]))
    for position in in_order:
        if _identity(arrived[position]) not in taken:
            taken.add(_identity(arrived[position]))
            fresh.append(position)
    return fresh


def _place(row: Row) -> tuple[int, int]:
    return row["from_partition"], row["from_offset"]


def _identity(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDENTITY)


def _source(message: dict[str, Any]) -> tuple[str, int, int]:
    return message["topic"], message["partition"], message["offset"]
