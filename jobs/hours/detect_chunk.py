"""Analyse frames in the batch layer: a chunk of frames in, rows of `detections` out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.frames.analyse_frames import Analysis, analyse_in_arrow
from jobs.frames.frame_policy import ALL, Policy, choose_frames
from jobs.frames.frame_records import METADATA
from jobs.frames.isolate_frames import analyse_one_by_one, killed_its_worker
from jobs.frames.outcome_messages import MESSAGE_DDL, Message, RunDescription, StageTimes, outcome
from jobs.frames.outcome_rows import read_outcomes
from jobs.harness.settings import BatchSettings
from jobs.stream.archive_detections import fresh_outcomes
from jobs.stream.kafka_source import in_ranges
from jobs.stream.offset_ranges import by_partition
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.storage.tables import Lake

MAX_FRAMES, MAX_BYTES = 128, 256 * 2**20
"""Limits of one chunk: some seconds of work, and what the driver can hold when it analyses each alone."""
ALL_FRAMES: Final = Policy(ALL)

Row = Mapping[str, Any]
"""A row of `frames`."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChunkDetector:
    """Analyses chunks of frames and stores their outcomes.

    Attributes:
        spark: the session.
        settings: of the batch.
        lake: where frames are read and outcomes written.
        run: the detector run.
        now: the clock; goes to the workers.
    """

    spark: SparkSession
    settings: BatchSettings
    lake: Lake
    run: RunDescription
    now: Callable[[], datetime]

    def detect(self, chunk: Sequence[Row], number: int) -> int:
        """Analyse the frames of a chunk and store their outcomes; return the number of rows written."""
        batch_at = self.now()
        judged = list(choose_frames(chunk, batch_at, ALL_FRAMES))
        stages = StageTimes(batch_at, batch_at, batch_at)
        messages = [
            outcome(_metadata(row), verdict.status, verdict.reason, self.run, stages)
            for row, verdict in judged
            if verdict.status is not None
        ]
        chosen = [row for row, verdict in judged if verdict.status is None]
        return self._store([*messages, *self._analysed(chosen, batch_at)], number)

    def _analysed(self, chosen: Sequence[Row], batch_at: datetime) -> list[Message]:
        if not chosen:
            return []
        settings = self.settings
        analysis = Analysis(
            settings.factory, settings.detector, self.run, batch_at, frozenset(), whole_pictures=True
        )
        frames = self._frames(chosen)
        messages = frames.mapInArrow(analyse_in_arrow(analysis, self.now), MESSAGE_DDL)
        try:
            return [Message(**row) for row in messages.toArrow().to_pylist()]
        except (Py4JJavaError, PySparkException) as error:
            if not killed_its_worker(error):
                raise
            log.error("a chunk killed its worker; its %d frames go one by one", len(chosen))
            return analyse_one_by_one(frames.toArrow().to_pylist(), analysis, self.now)

    def _frames(self, chosen: Sequence[Row]) -> DataFrame:
        """Read the chosen rows of `frames` in the speed layer's format; day and offsets select the files."""
        places = by_partition((row["topic"], row["partition"], row["offset"]) for row in chosen)
        offsets = [row["offset"] for row in chosen]
        rows = self.lake.read(self.spark, FRAMES).where(
            F.col("day").isin(sorted({row["day"] for row in chosen}))
            & F.col("topic_id").isin(sorted({row["topic_id"] for row in chosen}))
            & F.col("offset").between(min(offsets), max(offsets))
            & in_ranges(places)
        )
        return rows.withColumn("client_timestamp", F.lit(None).cast("string")).select(*METADATA, "value")

    def _store(self, outcomes: Sequence[Message], number: int) -> int:
        """Append the outcomes that are not stored yet; an anti-join in the same write would conflict."""
        # These never were in Kafka, so they have no order.
        messages = [
            {"value": message.value, "topic": message.topic, "partition": 0, "offset": 0}
            for message in outcomes
        ]
        arrived = read_outcomes(messages, self.lake.arrow_schema(DETECTIONS))
        fresh = fresh_outcomes(self.lake.root, arrived)
        if fresh:
            self.lake.append_arrow(arrived.take(fresh), DETECTIONS, self.run.run_id, number)
        return len(fresh)


def in_chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in order, in chunks of at most `MAX_FRAMES` and `MAX_BYTES` (but at least one row)."""
    chunk: list[Row] = []
    size = 0
    for row in rows:
        if chunk and (len(chunk) == MAX_FRAMES or size + row["bytes"] > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += row["bytes"]
    if chunk:
        yield chunk


def _metadata(row: Row) -> Row:
    return {**row, "client_timestamp": None}
