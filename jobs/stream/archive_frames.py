"""Frames from Kafka → Delta table `frames`: the master data set, every byte as it came, exactly once.

The workers write the rows themselves, without Spark's own sink: that sorted whole pictures by day and hashed
them in Java, which cost its JVM over half of its processor time under load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from jobs.frames.frame_records import KAFKA_COLUMNS, Record, describe
from jobs.stream.disk_guard import DiskGuard
from jobs.stream.kafka_source import in_ranges
from jobs.stream.lost_offsets import LostOffsets
from jobs.stream.offset_ranges import OffsetRange, by_partition
from lake.schema.schemas import FRAMES
from lake.storage.reader import read_rows
from lake.storage.tables import Lake

QUERY = "archive_frames"


@dataclass(frozen=True, slots=True)
class ArchiveFrames:
    """Archive micro-batches, one after the other, for `foreachBatch`."""

    lake: Lake
    gaps: LostOffsets
    disk_guard: DiskGuard
    now: Callable[[], datetime]
    zone: str

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Append the records that the table lacks, then record planned offsets that it still does not hold.

        A replayed batch, or a checkpoint made anew, brings records that are stored already.
        """
        self.disk_guard.wait()
        planned = self.gaps.planned(batch_id)
        lacking = batch.select(*KAFKA_COLUMNS).where(~in_ranges(self._stored(planned)))
        storing = StorageTask(self.lake, self.gaps.topic_ids, self.zone, self.gaps.writer, batch_id)
        _limit_writers(lacking).mapInArrow(storing.store, "nothing BOOLEAN").toArrow()
        self.gaps.record_missing(batch_id, self._stored(planned), self.now())

    def _stored(self, planned: list[OffsetRange]) -> dict[tuple[str, int], list[int]]:
        """Read the offsets of the planned ranges that the table holds.

        Read back from the table, not from Kafka: records may expire between two reads.
        """
        within = " OR ".join(map(_range_condition, planned))
        ids = ", ".join(f"'{uuid}'" for uuid in self.gaps.topic_ids.values())
        columns = 'topic, "partition", "offset"'
        sql = f"SELECT {columns} FROM frames WHERE topic_id IN ({ids}) AND ({within})"
        rows = read_rows(self.lake.root, sql, FRAMES)
        return by_partition((row["topic"], row["partition"], row["offset"]) for row in rows)


@dataclass(frozen=True, slots=True)
class StorageTask:
    """Stores records in a worker; sent to it with the batch.

    Attributes:
        lake: the tables.
        topic_ids: UUID of each topic.
        zone: the site's time zone.
        writer: Delta's application id of the query and its checkpoint.
        batch_id: the micro-batch.
    """

    lake: Lake
    topic_ids: Mapping[str, str]
    zone: str
    writer: str
    batch_id: int

    def store(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Append records as rows of `frames`, once, for `mapInArrow`: KAFKA_COLUMNS in, nothing out.

        However often Spark runs the task: its commit names the batch and the first partition.
        """
        full = (batch for batch in batches if batch.num_rows)
        first = next(full, None)
        if first is None:
            return
        schema = self.lake.arrow_schema(FRAMES)
        rows = pa.RecordBatchReader.from_batches(
            schema, map(partial(self._rows, schema), chain([first], full))
        )
        app_id = f"{self.writer}-{first['partition'][0].as_py()}"
        self.lake.append_arrow(rows, FRAMES, app_id, self.batch_id)
        yield from ()

    def _rows(self, schema: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_pylist(list(map(self._row, batch.to_pylist())), schema)

    def _row(self, record: Record) -> dict[str, Any]:
        value = record["value"]
        described = describe(record, self.topic_ids[record["topic"]], self.zone)
        return {
            **described,
            "headers": record["headers"],
            "key": record["key"],
            "value": value,
            "sha256": None if value is None else hashlib.sha256(value).hexdigest(),
            "day": described["observed_at"].date(),
        }


def _limit_writers(rows: DataFrame) -> DataFrame:
    """Write by a single worker to one file when local; on a cluster, each partition where it is read."""
    master = rows.sparkSession.sparkContext.master or ""
    return rows.coalesce(1) if master.startswith("local") else rows


def _range_condition(planned: OffsetRange) -> str:
    inside = f'"offset" BETWEEN {planned.start} AND {planned.end - 1}'
    return f"(topic = '{planned.topic}' AND \"partition\" = {planned.partition} AND {inside})"
