"""Record what each micro-batch read and how long it took in `stream_progress`; one commit a minute.

Spark notifies its listeners beside the queries. pyspark's own reading of such an event makes dozens of JVM
calls, 50 ms of processor time for each micro-batch; its JSON alone costs 0.3 ms. So the listener keeps
the JSON and nothing else; a thread does the rest, without Spark.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
from deltalake.exceptions import DeltaError
from py4j.protocol import Py4JError
from pyspark.java_gateway import ensure_callback_server_started
from pyspark.sql import SparkSession

from jobs.stream.health import merged_offsets
from lake.config.lake_location import LakeLocation
from lake.schema.schemas import STREAM_PROGRESS
from lake.storage.delta_tables import append_rows

COMMIT_INTERVAL_S: Final = 60.0
MAX_PENDING: Final = 10_000
"""Micro-batches that wait for their commit: those of half an hour of a busy stream."""
LAST_EVENTS_MS: Final = 2_000
LAST_WRITE_S: Final = 10.0
"""Both end before the supervisor's stop timeout does."""

log = logging.getLogger(__name__)


class StreamProgress:
    """Queue of micro-batches to be committed; when it is full, the oldest are dropped and counted.

    Args:
        root: root folder of the tables.
        run_id: detector run of the application.
        most: how many may wait.
    """

    def __init__(self, root: LakeLocation, run_id: str, max_pending: int = MAX_PENDING) -> None:
        self._root, self._run_id, self._max_pending = root, run_id, max_pending
        self._events: deque[str] = deque()
        self._rows: deque[dict[str, Any]] = deque()
        self._lock = threading.Lock()
        self._lost = 0

    @property
    def waiting(self) -> int:
        """Number of micro-batches that wait."""
        return len(self._events) + len(self._rows)

    def tell(self, progress: str) -> None:
        """Queue a micro-batch, JSON of Spark's StreamingQueryProgress. From any thread."""
        with self._lock:
            self._events.append(progress)
            self._lost += _shorten(self._events, self._max_pending)

    def write(self) -> None:
        """Append all that wait in one commit; what cannot be written waits for the next call.

        From one thread at a time.
        """
        with self._lock:
            events, lost = list(self._events), self._lost
            self._events.clear()
            self._lost = 0
        self._rows += [row for progress in events if (row := self._read(progress))]
        lost += _shorten(self._rows, self._max_pending)
        if lost:
            log.warning("stream_progress: %d micro-batches are lost, as too many waited to be written", lost)
        if self._rows:
            self._append()

    def _read(self, progress: str) -> dict[str, Any] | None:
        try:
            return progress_row(json.loads(progress), self._run_id)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("stream_progress: a micro-batch is left out; cannot read %.200s: %r", progress, error)
            return None

    def _append(self) -> None:
        try:
            append_rows(self._root, STREAM_PROGRESS, self._rows)
        except (DeltaError, OSError, ValueError, pa.ArrowException) as error:
            log.warning("stream_progress: %d micro-batches wait; cannot write: %s", self.waiting, error)
        else:
            self._rows.clear()


def _shorten(waiting: deque[Any], max_pending: int) -> int:
    """Drop the oldest items over the limit; return how many."""
    over = max(0, len(waiting) - max_pending)
    for _ in range(over):
        waiting.popleft()
    return over


def progress_row(progress: dict[str, Any], run_id: str) -> dict[str, Any]:
    """Build a row of `stream_progress`.

    Args:
        progress: Spark's StreamingQueryProgress.
        run_id: detector run of the application.
    """
    durations, started_at = progress["durationMs"], datetime.fromisoformat(progress["timestamp"])
    ends = merged_offsets(progress, "endOffset")
    return {
        "query": str(progress["name"]),
        "batch_id": int(progress["batchId"]),
        "run_id": run_id,
        "started_at": started_at,
        # Spark counts a record again each time that a batch looks at it; a first batch has no start.
        "rows": min(int(progress["numInputRows"]), _count(merged_offsets(progress, "startOffset"), ends)),
        "trigger_ms": int(durations["triggerExecution"]),
        "add_batch_ms": durations.get("addBatch", 0),
        "planning_ms": durations.get("queryPlanning", 0),
        "logs_ms": durations.get("walCommit", 0) + durations.get("commitOffsets", 0),
        "behind": _count(ends, merged_offsets(progress, "latestOffset")),
        "day": started_at.date(),
    }


def _count(starts: dict[str, dict[str, int]], ends: dict[str, dict[str, int]]) -> int:
    """Count the offsets between starts and ends, of all topics and partitions."""
    return sum(
        max(0, end - starts.get(topic, {}).get(partition, 0))
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    )


class ProgressListener:
    """Spark listener that keeps the JSON of each progress event, skips unreadable ones, and never raises."""

    def __init__(self, progress: StreamProgress) -> None:
        self._progress = progress

    def onQueryStarted(self, event: Any) -> None:
        """Ignore the start; Spark waits for this call."""

    def onQueryProgress(self, event: Any) -> None:
        """Queue the micro-batch that was committed."""
        with suppress(Py4JError, OSError):
            self._progress.tell(event.progress().json())

    def onQueryIdle(self, event: Any) -> None:
        """Ignore idle triggers."""

    def onQueryTerminated(self, event: Any) -> None:
        """Ignore the end; the application watches its queries itself."""

    class Java:
        """Interface that py4j implements in the JVM."""

        implements: Final = ["org.apache.spark.sql.streaming.PythonStreamingQueryListener"]


@contextmanager
def recorded_progress(spark: SparkSession, root: LakeLocation, run_id: str) -> Iterator[None]:
    """Record the micro-batches of all queries while the block runs, and the last ones at its end.

    Args:
        spark: the session of the queries.
        root: root folder of the tables.
        run_id: detector run of the application.
    """
    progress, ended = StreamProgress(root, run_id), threading.Event()
    writer = threading.Thread(
        target=_write_until, args=(progress, ended), name="stream-progress", daemon=True
    )
    listener = _listen(spark, ProgressListener(progress))
    writer.start()
    try:
        yield
    finally:
        with suppress(Py4JError, OSError):
            spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(LAST_EVENTS_MS)
            spark.streams._jsqm.removeListener(listener)
        ended.set()
        writer.join(LAST_WRITE_S)


def _write_until(progress: StreamProgress, ended: threading.Event) -> None:
    while not ended.wait(COMMIT_INTERVAL_S):
        progress.write()
    progress.write()


def _listen(spark: SparkSession, listener: ProgressListener) -> Any:
    gateway: Any = spark.sparkContext._gateway
    ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]
    wrapper = gateway.jvm.org.apache.spark.sql.streaming.PythonStreamingQueryListenerWrapper(listener)
    spark.streams._jsqm.addListener(wrapper)
    return wrapper
