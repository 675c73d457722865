"""The worker's side of the speed layer: one partition's Kafka records in, a message about each out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

import pyarrow as pa
from pyspark.accumulators import Accumulator, AccumulatorParam

from jobs.detector.detector import DetectorSettings
from jobs.frames.analyse_frames import Analysis, Clock, Frame, analyse, freeze_gc, to_arrow
from jobs.frames.frame_policy import Policy, Verdict, choose_frames
from jobs.frames.frame_records import KAFKA_COLUMNS, Record, describe
from jobs.frames.outcome_messages import Message, RunDescription, StageTimes, outcome

RECORD = (*KAFKA_COLUMNS, "batch_at")
"""Columns of the Kafka source, and the time that Spark stored for the batch."""
STEP = 16
"""Frames that are analysed and reported at a time."""

Place = tuple[str, int, int]
"""Topic, partition and offset."""
Analyse = Callable[[Sequence[Frame], Analysis, Clock], list[Message]]


class SeenRecords(AccumulatorParam[list[Place]]):
    """Accumulator that gathers on the driver the records that workers read."""

    def zero(self, _value: list[Place]) -> list[Place]:
        """Return an empty list."""
        return []

    def addInPlace(self, value1: list[Place], value2: list[Place]) -> list[Place]:
        """Return both lists joined."""
        value1.extend(value2)
        return value1


@dataclass(frozen=True, slots=True)
class SpeedLayer:
    """Speed layer's part in a worker; sent to it with the batch.

    Attributes:
        topic_id: UUID of the topic.
        zone: the site's time zone.
        policy: what may be skipped.
        factory: `module:function` that loads a detector from its settings.
        detector: the detector's settings.
        run: the detector run.
    """

    topic_id: str
    zone: str
    policy: Policy
    factory: str
    detector: DetectorSettings
    run: RunDescription

    def process(
        self, records: Iterable[Record], analyse: Analyse, now: Clock, step: int = STEP
    ) -> Iterator[list[Message]]:
        """Yield messages about all records of one partition, some at a time.

        Args:
            records: RECORD of one partition of a micro-batch.
            analyse: finds what is on frames.
            now: the clock.
            step: records that are handled together.
        """
        remaining = iter(records)
        first = next(remaining, None)
        if first is None:
            return
        frames = map(self._describe, chain([first], remaining))
        judged: list[tuple[Frame, Verdict]] = []
        for pair in choose_frames(frames, first["batch_at"], self.policy):
            judged.append(pair)
            if len(judged) == step:
                yield self._process(judged, analyse, now)
                judged = []
        yield self._process(judged, analyse, now)

    def _describe(self, record: Record) -> dict[str, Any]:
        metadata = describe(record, self.topic_id, self.zone)
        return {**metadata, "value": record["value"], "batch_at": record["batch_at"]}

    def _process(
        self, judged: Sequence[tuple[Frame, Verdict]], analyse: Analyse, now: Clock
    ) -> list[Message]:
        messages = [
            outcome(frame, verdict.status, verdict.reason, self.run, StageTimes(frame["batch_at"], at, at))
            for at in [now()]
            for frame, verdict in judged
            if verdict.status is not None
        ]
        chosen = [(frame, verdict) for frame, verdict in judged if verdict.status is None]
        if not chosen:
            return messages
        return messages + analyse([frame for frame, _ in chosen], self._analysis(chosen), now)

    def _analysis(self, chosen: Sequence[tuple[Frame, Verdict]]) -> Analysis:
        with_picture = frozenset(
            (frame["partition"], frame["offset"]) for frame, verdict in chosen if verdict.picture
        )
        batch_at: datetime = chosen[0][0]["batch_at"]
        return Analysis(self.factory, self.detector, self.run, batch_at, with_picture)


def detect_in_arrow(
    speed: SpeedLayer, seen: Accumulator[list[Place]], now: Clock
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a function for `mapInArrow`: RECORD in, messages out; `seen` gets each record's place."""

    def records(batches: Iterator[pa.RecordBatch]) -> Iterator[Record]:
        for batch in batches:
            rows = batch.to_pylist()
            seen.add([(row["topic"], row["partition"], row["offset"]) for row in rows])
            yield from rows

    def detect(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from map(to_arrow, speed.process(records(batches), analyse, now))
        freeze_gc(len(sys.modules))

    return detect
