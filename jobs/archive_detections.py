"""`resultstream` and `frame-outcomes` from Kafka → Delta table `detections`, exactly once.

Both topics are at-least-once: a restart may draw other batch boundaries and say something else of the
same record. For each record and layer the first archived outcome wins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.gaps import Gaps
from jobs.offsets import by_partition
from lake.reader import read_rows
from lake.schemas import DETECTIONS, OBJECT
from lake.tables import Lake

QUERY = "archive_detections"
MESSAGE_DDL = f"""camera_id STRING, frame_id STRING, captured_at TIMESTAMP, sent_at TIMESTAMP,
observed_at TIMESTAMP, clock_skewed BOOLEAN, replay_id STRING, layer STRING, run_id STRING, status STRING,
reason STRING, candidates ARRAY<{OBJECT}>,
record STRUCT<topic: STRING, topic_id: STRING, partition: INT, offset: BIGINT, appended_at: TIMESTAMP>,
stages STRUCT<batch_at: TIMESTAMP, started_at: TIMESTAMP, finished_at: TIMESTAMP>"""
IDENTITY = ("topic", "topic_id", "partition", "offset", "appended_at", "layer")
SOURCE = ("from_topic", "from_partition", "from_offset")

log = logging.getLogger(__name__)


def read_outcomes(messages: DataFrame) -> DataFrame:
    """Kafka messages as rows of `detections`, and SOURCE: where each was read."""
    said = F.from_json(F.col("value").cast("string"), MESSAGE_DDL)
    source = [F.col(name).alias(f"from_{name}") for name in ("topic", "partition", "offset")]
    rows = messages.select(*source, said.alias("said")).select(*SOURCE, "said.*")
    rows = rows.select("*", "record.*", "stages.*").drop("record", "stages")
    rows = rows.withColumn("objects", F.coalesce("candidates", F.array().cast(f"ARRAY<{OBJECT}>")))
    return rows.withColumn("day", F.to_date("observed_at")).select(*DETECTIONS.columns, *SOURCE)


@dataclass(frozen=True, slots=True)
class ArchiveDetections:
    """Handles one micro-batch after the other, for `foreachBatch`."""

    lake: Lake
    gaps: Gaps
    now: Callable[[], datetime]

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Append the outcomes that are new; the stored keys are collected first.

        An anti-join in the same write would make it read the table, and die with
        ConcurrentAppendException beside OPTIMIZE; a blind append does not.
        """
        arrived = read_outcomes(batch).toArrow()
        rows = arrived.select([*IDENTITY, "day", *SOURCE]).to_pylist()
        ours = [row for row in rows if _is_ours(row)]
        if len(ours) < len(rows):
            log.warning("%d messages are no result or outcome; ignored", len(rows) - len(ours))
        fresh = first_outcomes(rows, stored_identities(self.lake.root, ours))
        if fresh:
            self.lake.append_arrow(arrived.take(fresh), DETECTIONS, self.gaps.writer, batch_id)
        self.gaps.record_missing(batch_id, by_partition(_source(row) for row in rows), self.now())


def stored_identities(root: Path, arrived: Sequence[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """Identities in the table within the days and offsets of what arrived."""
    if not arrived:
        return set()
    days = ", ".join(sorted({f"DATE '{row['day']}'" for row in arrived}))
    offsets = [row["offset"] for row in arrived]
    names = ", ".join(f'"{name}"' for name in IDENTITY)
    within = f'day IN ({days}) AND "offset" BETWEEN {min(offsets)} AND {max(offsets)}'
    stored = read_rows(root, f"SELECT {names} FROM detections WHERE {within}", DETECTIONS)
    return {_identity(row) for row in stored}


def first_outcomes(arrived: Sequence[dict[str, Any]], stored: set[tuple[Any, ...]]) -> list[int]:
    """Positions of the first message of each record and layer that is not stored yet."""
    taken = set(stored)
    fresh = []
    in_order = sorted(range(len(arrived)), key=lambda at: _place(arrived[at]))
    for position in (at for at in in_order if _is_ours(arrived[at])):
        if _identity(arrived[position]) not in taken:
            taken.add(_identity(arrived[position]))
            fresh.append(position)
    return fresh


def _place(row: dict[str, Any]) -> tuple[int, int]:
    return row["from_partition"], row["from_offset"]


def _is_ours(row: dict[str, Any]) -> bool:
    """Whether the message names a record; other JSON on these topics is nobody's outcome."""
    return all(row[name] is not None for name in (*IDENTITY, "day"))


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDENTITY)


def _source(row: dict[str, Any]) -> tuple[str, int, int]:
    return row["from_topic"], row["from_partition"], row["from_offset"]
