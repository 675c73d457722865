"""SPEED LAYER: frames from Kafka → `resultstream` and `frame-outcomes`, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.analyse_frames import Analysis, analyse_in_arrow
from jobs.choose_frames import Arrival, Policy, Verdict, choose_frames
from jobs.detector import DetectorSettings
from jobs.gaps import Gaps
from jobs.isolate_frames import analyse_one_by_one
from jobs.kafka_source import among, write_messages
from jobs.messages import MESSAGE_DDL, Detecting, Message, Stages, outcome
from jobs.offsets import by_partition
from jobs.records import LEGACY, METADATA, describe_records

QUERY = "detect_objects"
WORKER_DIED = ("Python worker", "PythonException", "PYTHON_WORKER", "PYTHON_EXCEPTION")

log = logging.getLogger(__name__)


def with_batch_time(records: DataFrame, topic_id: str, zone: str) -> DataFrame:
    """Frames with METADATA and `batch_at`.

    `batch_at` must be made in the streaming plan: only there is it the time that Spark stored for the
    batch, so that a replay after a crash finds the same frames stale.
    """
    return describe_records(records.withColumn("batch_at", F.current_timestamp()), topic_id, zone)


@dataclass(frozen=True, slots=True)
class DetectObjects:
    """Handles one micro-batch after the other, for `foreachBatch`."""

    bootstrap: str
    policy: Policy
    factory: str
    detector: DetectorSettings
    run: Detecting
    gaps: Gaps
    now: Callable[[], datetime]

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Decide on metadata, analyse what is chosen, say something about every record."""
        rows: list[dict[str, Any]] = batch.select(*METADATA, "batch_at").toArrow().to_pylist()
        self.gaps.record_missing(batch_id, by_partition(map(_place, rows)), self.now())
        if rows:
            verdicts = choose_frames([_arrival(row) for row in rows], rows[0]["batch_at"], self.policy)
            self._handle(batch, rows, verdicts)

    def _handle(self, batch: DataFrame, rows: Sequence[dict[str, Any]], verdicts: Sequence[Verdict]) -> None:
        judged = list(zip(rows, verdicts, strict=True))
        said = self._say_refusals(judged)
        chosen = [(row, verdict) for row, verdict in judged if verdict.status is None]
        if not chosen:
            return self._write(_messages(batch, said))
        analysis = self._analysis(chosen)
        frames = batch.where(among(by_partition(_place(row) for row, _ in chosen))).select(*METADATA, "value")
        analysed = frames.mapInArrow(analyse_in_arrow(analysis, self.now), MESSAGE_DDL)
        try:
            self._write(analysed.unionByName(_messages(batch, said)) if said else analysed)
        except (Py4JJavaError, PySparkException) as error:
            if not any(sign in str(error) for sign in WORKER_DIED):
                raise
            log.error("the batch killed its worker twice; its %d frames go one by one", len(chosen))
            alone = analyse_one_by_one(frames.toArrow().to_pylist(), analysis, self.now)
            self._write(_messages(batch, [*said, *alone]))

    def _say_refusals(self, judged: Iterable[tuple[dict[str, Any], Verdict]]) -> list[Message]:
        return [
            outcome(row, verdict.status, verdict.reason, self.run, Stages(row["batch_at"], now, now))
            for now in [self.now()]
            for row, verdict in judged
            if verdict.status is not None
        ]

    def _analysis(self, chosen: Iterable[tuple[dict[str, Any], Verdict]]) -> Analysis:
        chosen = list(chosen)
        pictured = frozenset((row["partition"], row["offset"]) for row, verdict in chosen if verdict.picture)
        return Analysis(self.factory, self.detector, self.run, chosen[0][0]["batch_at"], pictured)

    def _write(self, messages: DataFrame) -> None:
        """One write for both topics: two would infer twice."""
        write_messages(messages, self.bootstrap)


def _arrival(row: dict[str, Any]) -> Arrival:
    names = ("partition", "offset", "camera_id", "observed_at", "problem", "bytes")
    return Arrival(**{name: row[name] for name in names}, legacy=row["format"] == LEGACY)


def _place(row: dict[str, Any]) -> tuple[str, int, int]:
    return row["topic"], row["partition"], row["offset"]


def _messages(batch: DataFrame, messages: Iterable[Message]) -> DataFrame:
    rows = [(message.topic, message.key, message.value) for message in messages]
    return batch.sparkSession.createDataFrame(rows, MESSAGE_DDL)
