"""Frames from Kafka → Delta table `frames`: the master data set, every byte as it came, exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.disk_room import DiskRoom
from jobs.gaps import Gaps
from jobs.kafka_source import among
from jobs.offsets import OffsetRange, by_partition
from lake.reader import read_rows
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
    room: DiskRoom
    now: Callable[[], datetime]

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Append what the table lacks, then record what of the planned offsets it still does not hold.

        A replayed batch, or a checkpoint made anew, brings records that are stored already.
        """
        self.room.wait()
        planned = self.gaps.planned(batch_id)
        lacking = ~among(self._stored(planned))
        self.lake.append(archived_frames(batch.where(lacking)), FRAMES, self.gaps.writer, batch_id)
        self.gaps.record_missing(batch_id, self._stored(planned), self.now())

    def _stored(self, planned: list[OffsetRange]) -> dict[tuple[str, int], list[int]]:
        """Offsets of the planned ranges that the table holds.

        Read back from the table, not from Kafka: records may expire between two reads.
        """
        within = " OR ".join(map(_within, planned))
        ids = ", ".join(f"'{uuid}'" for uuid in self.gaps.topic_ids.values())
        columns = 'topic, "partition", "offset"'
        sql = f"SELECT {columns} FROM frames WHERE topic_id IN ({ids}) AND ({within})"
        rows = read_rows(self.lake.root, sql, FRAMES)
        return by_partition((row["topic"], row["partition"], row["offset"]) for row in rows)


def _within(wanted: OffsetRange) -> str:
    inside = f'"offset" BETWEEN {wanted.start} AND {wanted.end - 1}'
    return f"(topic = '{wanted.topic}' AND \"partition\" = {wanted.partition} AND {inside})"
