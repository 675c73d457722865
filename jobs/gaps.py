"""Records what a query could no longer read, so that nothing is skipped in silence."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.offsets import OffsetRange, missing_ranges, planned_ranges, query_id
from lake.schemas import EXPIRED_RANGES
from lake.tables import Lake

log = logging.getLogger(__name__)

GAP_DDL = (
    "query STRING, topic STRING, topic_id STRING, partition INT, from_offset BIGINT, to_offset BIGINT,"
    " cause STRING, found_at TIMESTAMP"
)


@dataclass(frozen=True, slots=True)
class Gaps:
    """What one query missed, written to `expired_ranges`.

    Attributes:
        lake: where to.
        query: name of the query.
        topic_ids: UUID of each topic it reads.
        checkpoint: its checkpoint folder.
    """

    lake: Lake
    query: str
    topic_ids: Mapping[str, str]
    checkpoint: Path

    @property
    def writer(self) -> str:
        """Names the query and its checkpoint to Delta.

        A new checkpoint counts its batches from 0 again: under the old name Delta would take them for
        repeats and drop them.
        """
        return f"{self.query}-{query_id(self.checkpoint)}"

    def planned(self, batch_id: int) -> list[OffsetRange]:
        """What the batch was meant to read."""
        return planned_ranges(self.checkpoint, batch_id)

    def record_missing(
        self,
        spark: SparkSession,
        batch_id: int,
        seen: Mapping[tuple[str, int], Iterable[int]],
        found_at: datetime,
    ) -> None:
        """Record the planned offsets of the batch that are not among those seen, keyed (topic, partition)."""
        self.record(spark, missing_ranges(self.planned(batch_id), seen), "expired", found_at, batch_id)

    def record(
        self, spark: SparkSession, gaps: Sequence[OffsetRange], cause: str, found_at: datetime, version: int
    ) -> None:
        """Write the gaps once; a repeat with the same version is ignored."""
        if not gaps:
            return
        for gap in gaps:
            log.warning("%s: %d records of %s/%d from offset %d on %s before they were read", self.query,
                        gap.end - gap.start, gap.topic, gap.partition, gap.start, cause)  # fmt: skip
        rows = [
            (
                self.query,
                gap.topic,
                self.topic_ids[gap.topic],
                gap.partition,
                gap.start,
                gap.end,
                cause,
                found_at,
            )
            for gap in gaps
        ]
        app_id = f"gaps-{cause}-{self.writer}"
        self.lake.append(spark.createDataFrame(rows, GAP_DDL), EXPIRED_RANGES, app_id, version)
