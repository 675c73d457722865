"""What a person would write instead of Spark: Kafka in, the same detector, Kafka and Delta out.

Not a straw man: one process for each partition, no copy that can be spared, the same batches, messages and
picture bytes as the stream, rows written by delta-rs every two seconds. What it lacks is what takes Spark:
offsets committed with the results, replays without doubles, a ledger.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from kafka import KafkaConsumer, TopicPartition

from benchmarks.speed.bare_detector import FACTORY, STEP
from benchmarks.support.bench_pictures import CAMERAS, open_producer
from jobs.detector.detector import DetectorSettings
from jobs.frames.analyse_frames import Analysis, analyse
from jobs.frames.outcome_messages import RunDescription
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import FRAMES_TOPIC, MAX_MESSAGE_BYTES
from lake.storage.tables import retry_on_conflict

PLAIN_RESULTS = "plain-results"
WRITE_EVERY_S = 2.0


@dataclass(frozen=True)
class Span:
    """Offsets from `start` up to, not including, `end` of one partition."""

    partition: int
    start: int
    end: int


class PlainConsumers:
    """One process for each partition, detectors loaded, waiting for spans to work off."""

    def __init__(self, bootstrap: str, lake: Path, settings: DetectorSettings) -> None:
        context = get_context("spawn")
        self._pipes, self._processes = [], []
        for _ in CAMERAS:
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs, bootstrap, lake, settings), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv()

    def rate(self, spans: list[Span]) -> float:
        """Frames a second of all together, rows in Delta included."""
        began = time.perf_counter()
        for pipe, span in zip(self._pipes, spans, strict=True):
            pipe.send(span)
        done = sum(pipe.recv() for pipe in self._pipes)
        return done / (time.perf_counter() - began)

    def close(self) -> None:
        """End them."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(None)
            process.join(20)


def serve(pipe: Any, bootstrap: str, lake: Path, settings: DetectorSettings) -> None:
    """Work off spans until there are no more."""
    worker = Worker(bootstrap, lake, settings)
    pipe.send("ready")
    while span := pipe.recv():
        pipe.send(worker.work_off(span))


class Worker:
    """One process of the plain program."""

    def __init__(self, bootstrap: str, lake: Path, settings: DetectorSettings) -> None:
        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
            fetch_max_bytes=MAX_MESSAGE_BYTES,
        )
        self._producer, self._lake = open_producer(bootstrap), lake
        self._settings, self._run = settings, RunDescription("plain", "speed", "UTC", 0.5)
        self._rows: list[dict[str, Any]] = []
        self._wrote_at = 0.0
        analyse([], self._analysis([]), utc_now)

    def work_off(self, span: Span) -> int:
        """Analyse every record of the span; how many."""
        part, done = TopicPartition(FRAMES_TOPIC, span.partition), 0
        self._consumer.assign([part])
        self._consumer.seek(part, span.start)
        self._wrote_at = time.monotonic()
        while done < span.end - span.start:
            records = [one for many in self._consumer.poll(1000, STEP).values() for one in many]
            self._handle([one for one in records if one.offset < span.end])
            done += len([one for one in records if one.offset < span.end])
        self._producer.flush(60)
        self._write()
        return done

    def _handle(self, records: list[Any]) -> None:
        frames = [as_frame(record) for record in records]
        for frame, message in zip(frames, analyse(frames, self._analysis(frames), utc_now), strict=True):
            self._producer.send(PLAIN_RESULTS, message.value, message.key)
            self._rows.append({**frame, "said": message.value})
        if time.monotonic() - self._wrote_at > WRITE_EVERY_S:
            self._write()

    def _analysis(self, frames: list[dict[str, Any]]) -> Analysis:
        newest = frozenset((one["partition"], one["offset"]) for one in frames[-1:])
        return Analysis(FACTORY, self._settings, self._run, utc_now(), newest)

    def _write(self) -> None:
        if self._rows:
            rows = pa.Table.from_pylist(self._rows)
            retry_on_conflict(lambda: write_deltalake(self._lake, rows, mode="append"))
        self._rows, self._wrote_at = [], time.monotonic()


def as_frame(record: Any) -> dict[str, Any]:
    """A Kafka record with what the analysis asks of it."""
    said = {name: value.decode() for name, value in record.headers}
    times = {name: datetime.fromisoformat(said[name]) for name in ("captured_at", "sent_at")}
    return {
        "topic": record.topic, "topic_id": "", "partition": record.partition, "offset": record.offset,
        "appended_at": datetime.fromtimestamp(record.timestamp / 1000, UTC),
        "camera_id": record.key.decode(), "frame_id": said["frame_id"], **times,
        "observed_at": times["captured_at"], "clock_skewed": False, "replay_id": "",
        "format": said["schema"], "client_timestamp": None, "value": record.value,
    }  # fmt: skip
