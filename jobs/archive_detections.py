"""`resultstream` and `frame-outcomes` from Kafka → Delta table `detections`, exactly once.

Both topics are at-least-once: a restart may draw other batch boundaries and say something else of the
same record. For each record and layer the first archived outcome wins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.gaps import Gaps
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
        outcomes = read_outcomes(batch).persist()
        try:
            self._archive(batch.sparkSession, outcomes, batch_id)
        finally:
            outcomes.unpersist()

    def _archive(self, spark: SparkSession, outcomes: DataFrame, batch_id: int) -> None:
        arrived = outcomes.select(*IDENTITY, "day", *SOURCE).toArrow().to_pylist()
        fresh = first_outcomes([row for row in arrived if _is_ours(row)], self._stored(spark, arrived))
        if fresh:
            kept = (
                outcomes if len(fresh) == len(arrived) else outcomes.join(_sources(spark, fresh), [*SOURCE])
            )
            self.lake.append(kept, DETECTIONS, self.gaps.writer, batch_id)
        self.gaps.record_missing(spark, batch_id, _offsets_seen(arrived), self.now())

    def _stored(self, spark: SparkSession, arrived: Iterable[dict[str, Any]]) -> set[tuple[Any, ...]]:
        """Identities in the table within the days and offsets of the batch."""
        ours = [row for row in arrived if _is_ours(row)]
        if not ours:
            return set()
        offsets = [row["offset"] for row in ours]
        stored = self.lake.read(spark, DETECTIONS).where(F.col("day").isin({row["day"] for row in ours}))
        stored = stored.where(F.col("offset").between(min(offsets), max(offsets)))
        return {_identity(row) for row in stored.select(*IDENTITY).toArrow().to_pylist()}


def first_outcomes(arrived: Iterable[dict[str, Any]], stored: set[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """SOURCE of the first message of each record and layer that is not stored yet."""
    taken = set(stored)
    fresh = []
    for row in sorted(arrived, key=lambda row: (row["from_partition"], row["from_offset"])):
        if _identity(row) not in taken:
            taken.add(_identity(row))
            fresh.append(tuple(row[name] for name in SOURCE))
    return fresh


def _is_ours(row: dict[str, Any]) -> bool:
    """Whether the message names a record; other JSON on these topics is nobody's outcome."""
    if all(row[name] is not None for name in (*IDENTITY, "day")):
        return True
    log.warning("%s/%d offset %d is no result or outcome; ignored", *(row[name] for name in SOURCE))
    return False


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDENTITY)


def _offsets_seen(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, int], list[int]]:
    seen: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        seen.setdefault((row["from_topic"], row["from_partition"]), []).append(row["from_offset"])
    return seen


def _sources(spark: SparkSession, fresh: list[tuple[Any, ...]]) -> DataFrame:
    return spark.createDataFrame(fresh, "from_topic STRING, from_partition INT, from_offset BIGINT")
