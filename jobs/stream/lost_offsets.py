"""Record the offsets that a query could no longer read, so that none is skipped silently."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.stream.offset_ranges import OffsetRange, missing_ranges, planned_ranges, query_id, subtract_ranges
from lake.config.lake_location import LakeLocation
from lake.schema.schemas import EXPIRED_RANGES
from lake.schema.table import Table
from lake.storage.reader import read_rows
from lake.storage.tables import Lake

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LostOffsets:
    """Records in `expired_ranges` the offsets that one query missed.

    Attributes:
        lake: the tables.
        query: name of the query.
        topic_ids: UUID of each topic it reads.
        checkpoint: its checkpoint folder.
        answered_in: table whose rows name the records that the query has handled; None where there is
            none, or the caller checks it.
    """

    lake: Lake
    query: str
    topic_ids: Mapping[str, str]
    checkpoint: LakeLocation
    answered_in: Table | None = None

    @property
    def writer(self) -> str:
        """Return Delta's application id of the query and its checkpoint.

        A new checkpoint counts its batches from 0 again: under the old id Delta would take them for
        repeats and drop them.
        """
        return f"{self.query}-{query_id(self.checkpoint)}"

    def planned(self, batch_id: int) -> list[OffsetRange]:
        """Return the ranges that the batch was meant to read."""
        return planned_ranges(self.checkpoint, batch_id)

    def record_missing(
        self,
        batch_id: int,
        seen: Mapping[tuple[str, int], Iterable[int]],
        found_at: datetime,
    ) -> None:
        """Record the planned offsets of the batch that are not among those seen, keyed (topic, partition).

        A checkpoint made anew plans from offset 0 again; what an earlier one missed is known, and what it
        read and Kafka has dropped since is in the table that `answered_in` names.
        """
        missing = missing_ranges(self.planned(batch_id), seen)
        if missing:
            missing = subtract_ranges(missing, [*self._known(), *self._answered(missing)])
        self.record(missing, "expired", found_at, batch_id)

    def _known(self) -> list[OffsetRange]:
        """Read the ranges recorded as missed by the query."""
        sql = f"""SELECT topic, "partition", from_offset, to_offset FROM expired_ranges
                  WHERE query = '{self.query}' AND topic_id IN ({self._ids()})"""
        rows = read_rows(self.lake.root, sql, EXPIRED_RANGES)
        return [
            OffsetRange(row["topic"], row["partition"], row["from_offset"], row["to_offset"]) for row in rows
        ]

    def _answered(self, missing: Sequence[OffsetRange]) -> list[OffsetRange]:
        """Read the offsets in `answered_in` as the fewest ranges: islands in the sequence of offsets."""
        if self.answered_in is None:
            return []
        within = " OR ".join(
            f'("partition" = {gap.partition} AND "offset" BETWEEN {gap.start} AND {gap.end - 1})'
            for gap in missing
        )
        sql = f"""
        SELECT topic, "partition", min("offset") AS first, max("offset") AS last FROM (
          SELECT *, "offset" - row_number() OVER (PARTITION BY topic, "partition" ORDER BY "offset") AS island
          FROM (SELECT DISTINCT topic, "partition", "offset" FROM {self.answered_in.name}
                WHERE topic_id IN ({self._ids()}) AND ({within})))
        GROUP BY topic, "partition", island"""
        rows = read_rows(self.lake.root, sql, self.answered_in)
        return [OffsetRange(row["topic"], row["partition"], row["first"], row["last"] + 1) for row in rows]

    def _ids(self) -> str:
        return ", ".join(f"'{uuid}'" for uuid in self.topic_ids.values())

    def record(self, gaps: Sequence[OffsetRange], cause: str, found_at: datetime, version: int) -> None:
        """Write the gaps once; a repeat with the same version is ignored."""
        if not gaps:
            return
        for gap in gaps:
            log.warning("%s: %d records of %s/%d from offset %d on %s before they were read", self.query,
                        gap.end - gap.start, gap.topic, gap.partition, gap.start, cause)  # fmt: skip
        rows = [
            {
                "query": self.query,
                "topic": gap.topic,
                "topic_id": self.topic_ids[gap.topic],
                "partition": gap.partition,
                "from_offset": gap.start,
                "to_offset": gap.end,
                "cause": cause,
                "found_at": found_at,
            }
            for gap in gaps
        ]
        app_id = f"gaps-{cause}-{self.writer}"
        self.lake.append_arrow(self.lake.rows(EXPIRED_RANGES, rows), EXPIRED_RANGES, app_id, version)
