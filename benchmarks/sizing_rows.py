"""The arithmetic of `benchmarks.sizing`: what so many cameras need, row by row. Pure functions.

What is chosen, not measured, are the constants of this file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from benchmarks.simulated_hour import DETECTIONS_COMMIT_S, FRAMES_COMMIT_S
from benchmarks.sizing_inputs import Inputs
from dashboards.data.report_history import MAX_OBJECTS
from dashboards.live.cameras import MAX_PICTURE_BYTES
from jobs.maintenance.run_tasks import COMPACTED_BYTES
from jobs.stream.kafka_source import RECORDS_PER_ARCHIVE
from lake.contracts.wire_format import GIB, TOPIC_PARTITIONS

LOAD: Final = 0.7
"""Share of the processors that a steady load may take; the rest catches up after a pause."""
EXECUTOR_CORES: Final = 4
REPLICAS: Final = 3
PICTURE_READERS: Final = 3
"""Detection, archive, and one dashboard."""
RESULT_READERS: Final = 2
"""Archive, and one dashboard."""
LINK_MB: Final = 125.0
"""A link of 1 Gbit/s each way, of which LOAD may be used."""
HEARTBEAT_S: Final = 30
FRAMES_TOPIC_GB: Final = 2.0
DAYS_KEPT: Final = 7
LEAST_SAID: Final = 0.001
DAY_S, HOUR_S = 86_400, 3_600
TASKS_A_DAY: Final = {
    "hourly_counts": 24 * 4, "data_quality": 24 * 4, "lake_maintenance": 24, "stream_watch": 288,
    "airflow_history": 1,
}  # fmt: skip
"""DAG → runs a day, times the tasks of a run."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Cameras, each with so many frames a second; what they need follows from the inputs."""

    cameras: int
    rate: float
    told: Inputs

    @property
    def fps(self) -> float:
        """Frames a second of all."""
        return self.cameras * self.rate

    @property
    def worker_cores(self) -> float:
        """Busy in Python workers."""
        return self.fps * (self.told.worker_ms + self.told.drawing_ms) / 1000

    @property
    def spark_cores(self) -> float:
        """Busy in all of the stream's processes."""
        notices = self.cameras / HEARTBEAT_S * self.told.notice_ms
        return self.worker_cores + (self.fps * (self.told.jvm_ms + self.told.driver_ms) + notices) / 1000

    @property
    def partitions(self) -> int:
        """Of the frames topic: one task of one core analyses one of them at a time."""
        return max(TOPIC_PARTITIONS, ceil(self.worker_cores / LOAD))

    @property
    def executors(self) -> int:
        """Each with EXECUTOR_CORES."""
        return max(1, ceil(self.spark_cores / LOAD / EXECUTOR_CORES))

    @property
    def into_kafka_mb(self) -> float:
        """A second, with all copies."""
        return self.fps * (self.told.picture_bytes + self.told.result_bytes) * REPLICAS / 1e6

    @property
    def out_of_kafka_mb(self) -> float:
        """A second, to the other copies and to all readers."""
        pictures = self.told.picture_bytes * (REPLICAS - 1 + PICTURE_READERS)
        return self.fps * (pictures + self.told.result_bytes * (REPLICAS - 1 + RESULT_READERS)) / 1e6

    @property
    def brokers(self) -> int:
        """By their links, and as many as there are copies."""
        return max(REPLICAS, ceil(max(self.into_kafka_mb, self.out_of_kafka_mb) / (LINK_MB * LOAD)))

    @property
    def topic_minutes(self) -> float:
        """For which the frames topic holds pictures by default."""
        return FRAMES_TOPIC_GB * GIB / (self.fps * self.told.picture_bytes) / 60

    @property
    def pictures_gb(self) -> float:
        """A day of `frames`."""
        return self.fps * DAY_S * (self.told.picture_bytes + self.told.frame_bytes) / 1e9

    @property
    def rest_gb(self) -> float:
        """A day of every other table."""
        told = self.told
        by_frame = self.fps * DAY_S * (told.outcome_bytes + told.object_bytes)
        by_hour = self.cameras * 24 * told.camera_hour_bytes
        return (by_frame + by_hour + self.cameras * DAY_S / HEARTBEAT_S * told.notice_bytes) / 1e9

    @property
    def archive_every_s(self) -> float:
        """At most between two commits to `frames`, so that what comes fits into one."""
        return min(FRAMES_COMMIT_S, RECORDS_PER_ARCHIVE / self.fps)

    @property
    def commits(self) -> float:
        """A day, of both archives: on a cluster each partition of `frames` is written where it is read."""
        writers = self.partitions if self.executors > 1 else 1
        detections = DAY_S / min(DETECTIONS_COMMIT_S, RECORDS_PER_ARCHIVE / self.fps)
        return detections + writers * DAY_S / self.archive_every_s

    @property
    def files(self) -> float:
        """A day of `frames` and `detections`, compacted."""
        frames = self.pictures_gb * 1e9 / COMPACTED_BYTES
        return max(1, frames) + max(1, self.fps * DAY_S * self.told.outcome_bytes / COMPACTED_BYTES)

    @property
    def run_minutes(self) -> float:
        """Of an hourly run on one core: count, check, publish; without analysing what was skipped."""
        return (self.told.fixed_s + self.fps * HOUR_S * self.told.record_ms / 1000) / 60

    @property
    def run_gb(self) -> float:
        """Memory of the same."""
        return (self.told.run_mb * 2**20 + self.fps * HOUR_S * self.told.record_bytes) / 1e9

    @property
    def report_days(self) -> float:
        """That the report keeps in memory."""
        return MAX_OBJECTS / (self.fps * DAY_S * self.told.objects)

    @property
    def dashboard_gb(self) -> float:
        """Memory of the dashboard on the live page."""
        pictures = self.cameras * (self.told.picture_bytes + self.told.result_bytes * 3 / 4)
        return (self.told.dashboard_mb * 2**20 + min(MAX_PICTURE_BYTES, pictures)) / 1e9


def number(value: float) -> str:
    """With at most three digits that count below 1,000.

    >>> [number(value) for value in (0.0333, 2, 12.34, 1234.5, 0.0004)]
    ['0.0333', '2', '12.3', '1,234', 'under 0.001']
    """
    if value < LEAST_SAID:
        return f"under {LEAST_SAID}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


ROWS: Final[dict[str, Callable[[Fleet], float]]] = {
    "frames a second": lambda fleet: fleet.fps,
    "cores that the stream keeps busy": lambda fleet: fleet.spark_cores,
    "partitions of the frames topic": lambda fleet: fleet.partitions,
    f"executors of {EXECUTOR_CORES} cores": lambda fleet: fleet.executors,
    "cores that Kafka keeps busy": lambda fleet: fleet.fps * fleet.told.kafka_ms / 1000,
    "brokers": lambda fleet: fleet.brokers,
    "MB/s into Kafka": lambda fleet: fleet.into_kafka_mb,
    "MB/s out of Kafka": lambda fleet: fleet.out_of_kafka_mb,
    f"minutes of pictures in a topic of {FRAMES_TOPIC_GB:g} GB": lambda fleet: fleet.topic_minutes,
    "GB of pictures a day": lambda fleet: fleet.pictures_gb,
    f"GB of pictures in {DAYS_KEPT} days": lambda fleet: DAYS_KEPT * fleet.pictures_gb,
    "GB of all other tables a day": lambda fleet: fleet.rest_gb,
    "seconds between commits to `frames`, at most": lambda fleet: fleet.archive_every_s,
    "commits a day to `frames` and `detections`": lambda fleet: fleet.commits,
    "their log files' MB a day": lambda fleet: fleet.commits * fleet.told.log_bytes / 1e6,
    "files of both a day, once compacted": lambda fleet: fleet.files,
    "Airflow: tasks a day": lambda _fleet: sum(TASKS_A_DAY.values()),
    "Airflow: minutes of an hourly run, one core": lambda fleet: fleet.run_minutes,
    "Airflow: GB of memory of it": lambda fleet: fleet.run_gb,
    "notices of cameras a second": lambda fleet: fleet.cameras / HEARTBEAT_S,
    "dashboard: cores to follow all pictures": lambda fleet: fleet.fps * fleet.told.feed_ms / 1000,
    "dashboard: GB of memory on the live page": lambda fleet: fleet.dashboard_gb,
    "dashboard: days that a report keeps in memory": lambda fleet: fleet.report_days,
}
"""What is said of a fleet, in the order of the tables."""


def arithmetic(told: Inputs) -> list[str]:
    """How the rows are counted, with the numbers they are counted with."""
    stream_ms = told.worker_ms + told.drawing_ms + told.jvm_ms + told.driver_ms
    return [
        f"A frame takes {number(stream_ms)} ms of the stream's processors: Python worker"
        f" {number(told.worker_ms)}, drawing its annotated picture {number(told.drawing_ms)}, JVM"
        f" {number(told.jvm_ms)}, driver {number(told.driver_ms)}; and {number(told.kafka_ms)} ms of Kafka's."
        f" A notice takes {number(told.notice_ms)} ms; each camera gives one every {HEARTBEAT_S} s.",
        f"Partitions: cores of the Python workers ÷ {LOAD}, since one task analyses one partition at a time,"
        f" at least {TOPIC_PARTITIONS}. Executors: all cores of the stream ÷ {LOAD} ÷ {EXECUTOR_CORES}.",
        f"Network: a picture of {number(told.picture_bytes / 1000)} kB and a result of"
        f" {number(told.result_bytes / 1000)} kB, each kept {REPLICAS} times; pictures are read by"
        f" {PICTURE_READERS} (detection, archive, one dashboard), results by {RESULT_READERS}. Brokers: the"
        f" larger way ÷ {LINK_MB * LOAD:g} MB/s ({LOAD:.0%} of 1 Gbit/s), at least {REPLICAS}; on one machine"
        " one will do.",
        f"Storage: a picture and {number(told.frame_bytes)} bytes about it; {number(told.outcome_bytes)}"
        f" bytes of `detections` and {number(told.object_bytes)} of the batch layer's tables per frame with"
        f" {number(told.objects)} objects; {number(told.camera_hour_bytes)} bytes per hour and camera;"
        f" {number(told.notice_bytes)} bytes per notice.",
        f"Commits: one every {DETECTIONS_COMMIT_S} s to `detections`, one every {FRAMES_COMMIT_S} s to"
        f" `frames`, sooner where {RECORDS_PER_ARCHIVE:,} records come in between, and with several executors"
        f" one of each partition; each leaves"
        f" {number(told.log_bytes / 1000)} kB of log, kept for 6 hours and for a day. Compacted files have"
        f" {COMPACTED_BYTES // 2**20} MB.",
        f"Hourly run: {number(told.fixed_s)} s + {number(told.record_ms)} ms per record of the hour;"
        f" {number(told.run_mb)} MB + {number(told.record_bytes)} bytes per record, a straight line through"
        " two hours that were run. What the stream skipped is analysed besides, at the cost of the stream.",
        f"Dashboard: {number(told.feed_ms)} ms per picture and result that it follows;"
        f" {number(told.dashboard_mb)} MB and the newest pictures, at most"
        f" {MAX_PICTURE_BYTES / 1e6:,.0f} MB; a report keeps {MAX_OBJECTS:,} objects in memory.",
    ]  # fmt: skip
