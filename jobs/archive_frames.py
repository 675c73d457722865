"""Frames from Kafka → Delta table `frames`: the master data set, every byte as it came, exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.gaps import Gaps
from jobs.kafka_source import among
from jobs.offsets import OffsetRange
from lake.schemas import FRAMES
from lake.tables import Lake

QUERY = "archive_frames"


def archived_frames(described: DataFrame) -> DataFrame:
    """Records with METADATA as rows of `frames`."""
    return described.withColumns({
        "sha256": F.sha2("value", 256),
        "day": F.to_date("observed_at"),
    }).select(*FRAMES.columns)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArchiveFrames:
    """Handles one micro-batch after the other, for `foreachBatch`."""

    lake: Lake
    gaps: Gaps
    now: Callable[[], datetime]

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Append what the table lacks, then record what of the planned offsets it still does not hold.

        A replayed batch, or a checkpoint made anew, brings records that are stored already.
        """
        spark, planned = batch.sparkSession, self.gaps.planned(batch_id)
        lacking = ~among(self._stored(spark, planned))
        self.lake.append(archived_frames(batch.where(lacking)), FRAMES, self.gaps.writer, batch_id)
        self.gaps.record_missing(spark, batch_id, self._stored(spark, planned), self.now())

    def _stored(self, spark: SparkSession, planned: list[OffsetRange]) -> dict[tuple[str, int], list[int]]:
        """Offsets of the planned ranges that the table holds.

        Read back from the table, not from Kafka: records may expire between two reads.
        """
        frames = self.lake.read(spark, FRAMES).where(F.col("topic_id").isin(*self.gaps.topic_ids.values()))
        within = reduce(Column.__or__, map(_within, planned), F.lit(False))
        rows = frames.where(within).select("topic", "partition", "offset").toArrow().to_pylist()
        stored: dict[tuple[str, int], list[int]] = {}
        for row in rows:
            stored.setdefault((row["topic"], row["partition"]), []).append(row["offset"])
        return stored


def _within(wanted: OffsetRange) -> Column:
    inside = F.col("offset").between(wanted.start, wanted.end - 1)
    return (F.col("topic") == wanted.topic) & (F.col("partition") == wanted.partition) & inside
