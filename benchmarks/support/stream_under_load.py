"""Our stream under load: its rate at saturation, and what a frame waits at a steady pace."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from kafka import KafkaConsumer, TopicPartition

from benchmarks.support.batches import percentile
from benchmarks.support.bench_pictures import CAMERAS, open_producer, publish
from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.system import System
from lake.contracts.wire_format import MAX_MESSAGE_BYTES, RESULTS_TOPIC
from lake.kafka.broker import offsets

PATIENCE_S = 300
POLL_S = 0.05


def results_so_far(system: System) -> int:
    """Results that the broker has ever had."""
    return sum(last for _, last in offsets(system.broker.address, RESULTS_TOPIC).values())


def wait_for_results(system: System, count: int) -> None:
    """Until so many results more are there than `count` says; asks often, and cheaply."""
    consumer = KafkaConsumer(bootstrap_servers=system.broker.address)
    parts = [TopicPartition(RESULTS_TOPIC, part) for part in range(len(CAMERAS))]
    until = time.monotonic() + PATIENCE_S
    try:
        while sum(consumer.end_offsets(parts).values()) < count:
            assert time.monotonic() < until, "the stream did not answer in time"
            time.sleep(POLL_S)
    finally:
        consumer.close()


def wait_for_rows(system: System, count: int) -> None:
    """Until both archives hold so many rows, by the statistics of their files."""

    def held(table: str) -> int:
        adds = DeltaTable(system.lake / table).get_add_actions(flatten=True)
        return int(sum(adds.column("num_records").to_pylist()))

    wait_for("rows in both tables", lambda: min(held("detections"), held("frames")) >= count, PATIENCE_S)


def steady_pace(system: System, jpegs: Iterable[bytes], fps: float, session: str) -> dict[str, float]:
    """Seconds from the capture to the result on Kafka, and to the row in Delta, at so many frames a second.

    Returns:
        capture_to_result_p50_s, capture_to_result_p95_s, capture_to_delta_p50_s, capture_to_delta_p95_s.
    """
    version = DeltaTable(system.lake / "detections").version()
    producer = open_producer(system.broker.address)
    heard = Listener(system.broker.address, session)
    heard.start()
    sent = publish(producer, jpegs, session, fps)
    producer.close()
    heard.wait_for(sent)
    seen = wait_for("rows of all", lambda: _visible(system.lake / "detections", version, session, sent), 60)
    return {
        f"capture_to_{name}_p{share}_s": round(percentile(waits, share), 3)
        for name, waits in (("result", heard.waits), ("delta", seen))
        for share in (50, 95)
    }


class Listener(threading.Thread):
    """Hears results as any client does; keeps the seconds since the capture of each frame of a session."""

    def __init__(self, bootstrap: str, session: str) -> None:
        super().__init__(daemon=True)
        self.waits: list[float] = []
        self._session, self._sent = session, threading.Event()
        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap, max_partition_fetch_bytes=MAX_MESSAGE_BYTES
        )
        parts = [TopicPartition(RESULTS_TOPIC, part) for part in range(len(CAMERAS))]
        self._consumer.assign(parts)
        self._consumer.seek_to_end(*parts)
        for part in parts:
            self._consumer.position(part)

    def wait_for(self, count: int) -> None:
        """Until so many were heard; all must be, and none twice."""
        until = time.monotonic() + PATIENCE_S
        while len(self.waits) < count and time.monotonic() < until:
            time.sleep(POLL_S)
        self._sent.set()
        self.join()
        assert len(self.waits) == count, f"{len(self.waits)} of {count} results were heard"

    def run(self) -> None:
        """Listen until it is enough."""
        while not self._sent.is_set():
            for many in self._consumer.poll(100).values():
                now = datetime.now(UTC)
                told = [json.loads(one.value) for one in many]
                self.waits += [_age(one, now) for one in told if _is_of(one["frame_id"], self._session)]
        self._consumer.close()


def _age(result: Mapping[str, Any], now: datetime) -> float:
    return (now - datetime.fromisoformat(result["captured_at"])).total_seconds()


def _is_of(frame_id: str, session: str) -> bool:
    return frame_id.split("/")[1] == session


def _visible(table: Path, version: int, session: str, count: int) -> list[float] | None:
    """Seconds from the capture to the commit, of a session's rows after `version`; None before all are."""
    found: list[float] = []
    for commit in sorted((table / "_delta_log").glob("*.json")):
        if int(commit.stem) > version:
            found += _waits_of(table, commit, session)
    return found if len(found) >= count else None


def _waits_of(table: Path, commit: Path, session: str) -> list[float]:
    at = datetime.fromtimestamp(commit.stat().st_mtime, UTC)
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    waits = []
    for action in actions:
        if "add" in action and action["add"]["dataChange"]:
            rows = pq.ParquetFile(table / unquote(action["add"]["path"])).read(["captured_at", "frame_id"])
            # Spark writes INT96, which arrow reads as nanoseconds without a zone.
            captured = rows["captured_at"].cast(pa.timestamp("us", "UTC"), safe=False).to_pylist()
            told = zip(captured, rows["frame_id"].to_pylist(), strict=True)
            waits += [(at - moment).total_seconds() for moment, name in told if _is_of(name, session)]
    return waits


def stages(system: System, since: datetime) -> dict[str, float]:
    """Milliseconds: median parts of a batch of `detect_objects`, and the workers' time for one frame."""
    rows = DeltaTable(system.lake / "stream_progress").to_pyarrow_table().to_pylist()
    batches = [row for row in rows if row["query"] == "detect_objects" and row["started_at"] >= since]
    told = {
        name: float(statistics.median(row[name] for row in batches))
        for name in ("rows", "trigger_ms", "add_batch_ms", "planning_ms", "logs_ms")
        if batches
    }
    return told | {"worker_ms_per_frame": _worker_ms(system, since)}


def _worker_ms(system: System, since: datetime) -> float:
    """Wall time within the workers for one frame, from the stage times in `detections`."""
    rows = [row for row in system.rows("detections") if row["started_at"] and row["started_at"] >= since]
    spans = {(row["partition"], row["started_at"], row["finished_at"]) for row in rows}
    spent = sum((end - start).total_seconds() for _, start, end in spans)
    with suppress(ZeroDivisionError):
        return round(1000 * spent / len(rows), 2)
    return 0.0
