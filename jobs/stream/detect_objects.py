"""SPEED LAYER: frames from Kafka → `resultstream` and `frame-outcomes`, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from py4j.protocol import Py4JJavaError
from pyspark.accumulators import Accumulator
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.frames.analyse_frames import Clock
from jobs.frames.frame_records import KAFKA_COLUMNS
from jobs.frames.isolate_frames import analyse_one_by_one, killed_its_worker
from jobs.frames.outcome_messages import MESSAGE_DDL, Message
from jobs.stream.detect_partition import RECORD, Place, SpeedLayer, detect_in_arrow
from jobs.stream.kafka_source import read_ranges, write_messages
from jobs.stream.lost_offsets import LostOffsets
from jobs.stream.offset_ranges import batch_time, by_partition
from lake.config.kafka_address import Address
from lake.contracts.wire_format import SPEED_QUERY

QUERY = SPEED_QUERY

log = logging.getLogger(__name__)


def detect_stream(
    records: DataFrame, speed: SpeedLayer, seen: Accumulator[list[Place]], now: Clock
) -> DataFrame:
    """Transform Kafka records to messages within the streaming plan, which is made once, not for each batch.

    `batch_at` must be part of it too: only there is it the time that Spark stored for the batch, so that a
    replay after a crash finds the same frames stale.
    """
    dated = records.withColumn("batch_at", F.current_timestamp()).select(*RECORD)
    return dated.mapInArrow(detect_in_arrow(speed, seen, now), MESSAGE_DDL)


@dataclass(frozen=True, slots=True)
class DetectObjects:
    """Write the messages of micro-batches, one after the other, for `foreachBatch`.

    One job a batch: its workers describe, choose and analyse. Deciding on the driver took a second job, and
    half of the time of a small batch.
    """

    bootstrap: Address
    speed: SpeedLayer
    gaps: LostOffsets
    now: Clock
    seen: Accumulator[list[Place]]

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Write a message about every record."""
        self.seen.value = []
        try:
            self._write(batch)
        except (Py4JJavaError, PySparkException) as error:
            if not killed_its_worker(error):
                raise
            log.error("the batch killed its worker twice; its frames go one by one")
            self._one_by_one(batch.sparkSession, batch_id)
        self.gaps.record_missing(batch_id, by_partition(self.seen.value), self.now())

    def _one_by_one(self, spark: SparkSession, batch_id: int) -> None:
        """Read the batch again, since its plan yields only messages, and analyse frame by frame."""
        again = read_ranges(spark, self.bootstrap, self.gaps.planned(batch_id))
        batch_at = batch_time(self.gaps.checkpoint, batch_id)
        rows = again.select(*KAFKA_COLUMNS).toArrow().to_pylist()
        self.seen.value = [(row["topic"], row["partition"], row["offset"]) for row in rows]
        for _, together in groupby(rows, key=lambda row: row["partition"]):
            records = ({**row, "batch_at": batch_at} for row in together)
            steps = self.speed.process(records, analyse_one_by_one, self.now, step=len(rows))
            self._write(_messages(spark, (message for messages in steps for message in messages)))

    def _write(self, messages: DataFrame) -> None:
        """Write to both topics at once: two writes would infer twice."""
        write_messages(messages, self.bootstrap)


def _messages(spark: SparkSession, messages: Iterable[Message]) -> DataFrame:
    rows = [(message.topic, message.key, message.value) for message in messages]
    return spark.createDataFrame(rows, MESSAGE_DDL)
