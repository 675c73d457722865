"""Print the tables of docs/how-big.md: what 1 to 10,000 cameras need, from what one frame costs.

    python -m benchmarks.speed.how_big [--cameras 250] [--fps 0.5] [--cost picture_bytes=60000]

Nothing is measured here. The costs are those of docs/how-big.md unless told otherwise; measure your own with
`make bench` (processor times, size of a picture) and name them with --cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil
from typing import Annotated, Final

import typer

LOAD: Final = 0.7
"""Share of the processors and links that a steady load may take; the rest catches up after a pause."""
EXECUTOR_CORES: Final = 4
REPLICAS: Final = 3
PICTURE_READERS: Final = 3
"""Detection, archive, and one dashboard."""
RESULT_READERS: Final = 2
"""Archive, and one dashboard."""
LINK_MB: Final = 125.0
"""MB/s of a link of 1 Gbit/s, each way."""
MIN_PARTITIONS: Final = 2
HEARTBEAT_S: Final = 30
"""Between two status notices of a camera."""
FRAMES_TOPIC_GIB: Final = 2.0
DAYS_KEPT: Final = 7
FRAMES_COMMIT_S, DETECTIONS_COMMIT_S = 15, 2
"""Between two commits of an archive."""
MAX_RECORDS_PER_COMMIT: Final = 20_000
COMPACTED_BYTES: Final = 128 * 2**20
MAX_PICTURE_BYTES: Final = 300_000_000
"""Newest pictures that a dashboard holds."""
TASKS_A_DAY: Final = 24 * 4 + 24 * 4 + 24 + 288 + 1
"""hourly_counts and data_quality of four tasks each, lake_maintenance, stream_watch, airflow_history."""
DAY_S, HOUR_S = 86_400, 3_600
CAMERAS: Final = (1, 10, 100, 1_000, 10_000)
RATES: Final = (1 / 3, 1.0, 5.0)
SMALLEST: Final = 0.001
"""Anything below is printed as less than this."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What one frame, notice, record or commit costs; the defaults were measured for docs/how-big.md.

    Attributes:
        worker_ms, jvm_ms, driver_ms, kafka_ms: processor time of a frame, by process.
        drawing_ms: processor time of its annotated picture, in the worker.
        picture_bytes, result_bytes: of a message on the topics of frames and of results with pictures.
        objects: stored objects on a frame.
        frame_bytes, outcome_bytes: of a row of `frames` without its picture, and of `detections`.
        object_bytes: of all tables of the batch layer with a row or count per object, for each frame.
        camera_hour_bytes: of all tables with rows per hour and camera, for each of them.
        notice_bytes, notice_ms: of a row of `camera_status`; processor time of the stream for it.
        log_bytes: of a table's log, for each commit, its checkpoints included.
        fixed_s, record_ms: of an hourly run, whatever its hour holds, and for each record.
        run_mb, record_bytes: peak memory of an hourly run in MiB, and bytes for each record.
        feed_ms: processor time of the dashboard for one picture and its result.
        dashboard_mb: memory of the dashboard in MiB, without pictures.
    """

    worker_ms: float = 23.5
    drawing_ms: float = 3.39
    jvm_ms: float = 1.88
    driver_ms: float = 0.28
    kafka_ms: float = 0.83
    picture_bytes: float = 108_200
    result_bytes: float = 141_967
    objects: float = 3
    frame_bytes: float = 127.8
    outcome_bytes: float = 119
    object_bytes: float = 232.6
    camera_hour_bytes: float = 99.7
    notice_bytes: float = 42.4
    notice_ms: float = 1.319
    log_bytes: float = 17_173
    fixed_s: float = 43.7
    record_ms: float = 0.6492
    run_mb: float = 1_905
    record_bytes: float = 1_988
    feed_ms: float = 0.366
    dashboard_mb: float = 534


@dataclass(frozen=True, slots=True)
class Fleet:
    """Cameras, each with `rate` frames a second; what they need follows from the costs."""

    cameras: int
    rate: float
    costs: Costs

    @property
    def fps(self) -> float:
        """Frames a second of all cameras."""
        return self.cameras * self.rate

    @property
    def worker_cores(self) -> float:
        """Cores busy in Python workers."""
        return self.fps * (self.costs.worker_ms + self.costs.drawing_ms) / 1000

    @property
    def stream_cores(self) -> float:
        """Cores busy in all processes of the stream."""
        notices_ms = self.cameras / HEARTBEAT_S * self.costs.notice_ms
        return self.worker_cores + (self.fps * (self.costs.jvm_ms + self.costs.driver_ms) + notices_ms) / 1000

    @property
    def partitions(self) -> int:
        """Partitions of the frames topic: a task of one core analyses one of them at a time."""
        return max(MIN_PARTITIONS, ceil(self.worker_cores / LOAD))

    @property
    def executors(self) -> int:
        """Executors of EXECUTOR_CORES each."""
        return max(1, ceil(self.stream_cores / LOAD / EXECUTOR_CORES))

    @property
    def kafka_in_mb(self) -> float:
        """MB/s into Kafka, all copies included."""
        return self.fps * (self.costs.picture_bytes + self.costs.result_bytes) * REPLICAS / 1e6

    @property
    def kafka_out_mb(self) -> float:
        """MB/s out of Kafka, to the other copies and to all readers."""
        pictures = self.costs.picture_bytes * (REPLICAS - 1 + PICTURE_READERS)
        return self.fps * (pictures + self.costs.result_bytes * (REPLICAS - 1 + RESULT_READERS)) / 1e6

    @property
    def brokers(self) -> int:
        """Brokers, by their links and the number of copies."""
        return max(REPLICAS, ceil(max(self.kafka_in_mb, self.kafka_out_mb) / (LINK_MB * LOAD)))

    @property
    def topic_minutes(self) -> float:
        """Minutes of pictures that the frames topic holds by default."""
        return FRAMES_TOPIC_GIB * 2**30 / (self.fps * self.costs.picture_bytes) / 60

    @property
    def pictures_gb(self) -> float:
        """GB of a day of `frames`."""
        return self.fps * DAY_S * (self.costs.picture_bytes + self.costs.frame_bytes) / 1e9

    @property
    def other_tables_gb(self) -> float:
        """GB of a day of every other table."""
        by_frame = self.fps * DAY_S * (self.costs.outcome_bytes + self.costs.object_bytes)
        by_hour = self.cameras * 24 * self.costs.camera_hour_bytes
        notices = self.cameras * DAY_S / HEARTBEAT_S * self.costs.notice_bytes
        return (by_frame + by_hour + notices) / 1e9

    @property
    def frames_commit_s(self) -> float:
        """Seconds between two commits to `frames`, so that what comes fits into one."""
        return min(FRAMES_COMMIT_S, MAX_RECORDS_PER_COMMIT / self.fps)

    @property
    def commits(self) -> float:
        """Commits a day of both archives: on a cluster each partition of `frames` is written by itself."""
        writers = self.partitions if self.executors > 1 else 1
        detections = DAY_S / min(DETECTIONS_COMMIT_S, MAX_RECORDS_PER_COMMIT / self.fps)
        return detections + writers * DAY_S / self.frames_commit_s

    @property
    def files(self) -> float:
        """Files of a day of `frames` and `detections`, compacted."""
        frames = self.pictures_gb * 1e9 / COMPACTED_BYTES
        return max(1, frames) + max(1, self.fps * DAY_S * self.costs.outcome_bytes / COMPACTED_BYTES)

    @property
    def run_minutes(self) -> float:
        """Minutes of an hourly run on one core: count, check, publish."""
        return (self.costs.fixed_s + self.fps * HOUR_S * self.costs.record_ms / 1000) / 60

    @property
    def run_gb(self) -> float:
        """Memory of an hourly run in GB."""
        return (self.costs.run_mb * 2**20 + self.fps * HOUR_S * self.costs.record_bytes) / 1e9

    @property
    def dashboard_gb(self) -> float:
        """Memory of the dashboard on the live page in GB."""
        pictures = self.cameras * (self.costs.picture_bytes + self.costs.result_bytes * 3 / 4)
        return (self.costs.dashboard_mb * 2**20 + min(MAX_PICTURE_BYTES, pictures)) / 1e9


ROWS: Final[dict[str, Callable[[Fleet], float]]] = {
    "frames a second": lambda fleet: fleet.fps,
    "cores that the stream keeps busy": lambda fleet: fleet.stream_cores,
    "partitions of the frames topic": lambda fleet: fleet.partitions,
    f"executors of {EXECUTOR_CORES} cores": lambda fleet: fleet.executors,
    "cores that Kafka keeps busy": lambda fleet: fleet.fps * fleet.costs.kafka_ms / 1000,
    "brokers": lambda fleet: fleet.brokers,
    "MB/s into Kafka": lambda fleet: fleet.kafka_in_mb,
    "MB/s out of Kafka": lambda fleet: fleet.kafka_out_mb,
    f"minutes of pictures in a topic of {FRAMES_TOPIC_GIB:g} GB": lambda fleet: fleet.topic_minutes,
    "GB of pictures a day": lambda fleet: fleet.pictures_gb,
    f"GB of pictures in {DAYS_KEPT} days": lambda fleet: DAYS_KEPT * fleet.pictures_gb,
    "GB of all other tables a day": lambda fleet: fleet.other_tables_gb,
    "seconds between commits to `frames`, at most": lambda fleet: fleet.frames_commit_s,
    "commits a day to `frames` and `detections`": lambda fleet: fleet.commits,
    "their log files' MB a day": lambda fleet: fleet.commits * fleet.costs.log_bytes / 1e6,
    "files of both a day, once compacted": lambda fleet: fleet.files,
    "Airflow: tasks a day": lambda _fleet: TASKS_A_DAY,
    "Airflow: minutes of an hourly run, one core": lambda fleet: fleet.run_minutes,
    "Airflow: GB of memory of it": lambda fleet: fleet.run_gb,
    "notices of cameras a second": lambda fleet: fleet.cameras / HEARTBEAT_S,
    "dashboard: cores to follow all pictures": lambda fleet: fleet.fps * fleet.costs.feed_ms / 1000,
    "dashboard: GB of memory on the live page": lambda fleet: fleet.dashboard_gb,
}
"""What is printed of a fleet, in the order of the tables."""


def number(value: float) -> str:
    """Format with at most three significant digits below 1,000.

    >>> [number(value) for value in (0.0333, 2, 12.34, 1234.5, 0.0004)]
    ['0.0333', '2', '12.3', '1,234', 'under 0.001']
    """
    if value < SMALLEST:
        return f"under {SMALLEST}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(rate: float, cameras: Sequence[int], costs: Costs) -> str:
    """Format one Markdown table: a row for each thing, a column for each number of cameras."""
    fleets = [Fleet(count, rate, costs) for count in cameras]
    head = ["| cameras |" + "".join(f" {count:,} |" for count in cameras), "|---|" + "---:|" * len(cameras)]
    rows = [f"| {name} |" + "".join(f" {number(row(fleet))} |" for fleet in fleets)
            for name, row in ROWS.items()]  # fmt: skip
    return "\n".join([*head, *rows])


def title(rate: float) -> str:
    """Name a rate as a person would.

    >>> title(1 / 3), title(5)
    ('Each camera with a frame every 3 s', 'Each camera with 5 frames a second')
    """
    if rate == 1:
        return "Each camera with a frame a second"
    often = f"{rate:g} frames a second" if rate > 1 else f"a frame every {1 / rate:.3g} s"
    return f"Each camera with {often}"


def costs_from(changes: Iterable[str]) -> Costs:
    """Replace costs by those of `name=value` pairs.

    Raises:
        typer.BadParameter: an unknown name, or a value that is no number above 0.
    """
    known = {field.name for field in fields(Costs)}
    values: dict[str, float] = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name not in known:
            raise typer.BadParameter(f"{name!r} is no cost; they are: {', '.join(sorted(known))}")
        try:
            values[name] = float(text)
        except ValueError as error:
            raise typer.BadParameter(f"{change!r}: {text!r} is not a number") from error
        if not values[name] > 0:
            raise typer.BadParameter(f"{change!r}: it must be above 0")
    return replace(Costs(), **values)


def main(
    cameras: Annotated[list[int] | None, typer.Option(help="Number of cameras; repeatable.", min=1)] = None,
    fps: Annotated[list[float] | None, typer.Option(help="Frames a second of each; repeatable.")] = None,
    cost: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of another cost; repeatable.")] = None,
) -> None:
    """Print a table for each rate."""
    rates, costs = fps or RATES, costs_from(cost or ())
    if min(rates) <= 0:
        raise typer.BadParameter("--fps must be above 0")
    print("\n\n".join(f"### {title(rate)}\n\n{table(rate, cameras or CAMERAS, costs)}" for rate in rates))


if __name__ == "__main__":
    typer.run(main)
