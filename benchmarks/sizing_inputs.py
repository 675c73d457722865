"""What `benchmarks.sizing` counts with, out of what `make bench` and `benchmarks.thousand_cameras` found."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

BATCH_TABLES: Final = ("objects_candidate", "published_objects", "minute_counts", "hourly_counts")
HOUR_TABLES: Final = ("camera_hours_candidate", "camera_hours", "quality_results", "publications")
LEAST_RUNS: Final = {"hour": 2}
"""Numbers of cameras with which a part was run, one unless told: a line goes through two."""
Found = Mapping[str, Any]


class NotMeasuredError(LookupError):
    """A figure that no benchmark has found yet."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Measured figures; bytes are those of compacted tables.

    Attributes:
        bench, simulation: when, at which commit and where each was measured.
        stream_fps: frames a second of the stream on that machine.
        worker_ms, jvm_ms, kafka_ms, driver_ms: processor time of a frame.
        drawing_ms: more of the worker's for the annotated picture, where a result brings one.
        picture_bytes, result_bytes: of a frame on its topic, and of its annotated picture on the other.
        objects: with a stored score, on a frame of the simulation.
        frame_bytes, outcome_bytes: of a row of `frames` without its picture, and of `detections`.
        object_bytes: of all tables of the batch layer with a row or count per object, for each frame.
        camera_hour_bytes: of all tables with rows per hour and camera, for each of them.
        notice_bytes: of a row of `camera_status`.
        notice_ms: processor time of the stream for one notice.
        log_bytes: of the log of a table, for each commit, its checkpoints included.
        fixed_s: of an hourly run, whatever is in its hour: starts of programs, commits.
        record_ms: of an hourly run, for each record more.
        run_mb, record_bytes: peak memory of an hourly run, fixed and for each record more.
        feed_ms: processor time of the dashboard for one picture and its result.
        dashboard_mb: of the dashboard with small pictures.
    """

    bench: str
    simulation: str
    stream_fps: float
    worker_ms: float
    jvm_ms: float
    kafka_ms: float
    driver_ms: float
    drawing_ms: float
    picture_bytes: float
    result_bytes: float
    objects: float
    frame_bytes: float
    outcome_bytes: float
    object_bytes: float
    camera_hour_bytes: float
    notice_bytes: float
    notice_ms: float
    log_bytes: float
    fixed_s: float
    record_ms: float
    run_mb: float
    record_bytes: float
    feed_ms: float
    dashboard_mb: float


def read_inputs(bench: Found, simulated: Found, bench_said: str) -> Inputs:
    """Read both files.

    Args:
        bench: of `var/bench/latest.json`.
        simulated: of `var/bench/thousand_cameras.json`, with hours of two numbers of cameras.
        bench_said: when the first was measured, where it does not say so itself.
    """
    large, small = (_of(simulated, "hour", which) for which in (max, min))
    written, spoken, looked = (_of(simulated, part, max) for part in ("write", "status", "pages"))
    usual, tables, records = written["usual"], large["tables"], large["records"]
    hours = tables["camera_hours"]["rows"]
    return Inputs(
        bench=f"{bench.get('measured', bench_said)}, {bench.get('machine', '2 cores')}",
        simulation=f"{large['measured']}, {large['machine']}",
        stream_fps=round(statistics.median(one["stream"] for one in bench["rounds"]), 1),
        **_processors(bench),
        drawing_ms=round(usual["drawing_ms"], 2),
        picture_bytes=round(1000 * bench["picture_kb"]),
        result_bytes=round(usual["result_bytes"]),
        objects=round(written["fleet"]["objects"], 2),
        frame_bytes=_each(tables, ("frames",), tables["frames"]["rows"]),
        outcome_bytes=_each(tables, ("detections",), tables["detections"]["rows"]),
        object_bytes=_each(tables, BATCH_TABLES, records),
        camera_hour_bytes=_each(tables, HOUR_TABLES, hours),
        notice_bytes=_each(spoken["tables"], ("camera_status",), spoken["sent"]),
        notice_ms=round(sum(spoken["cpu_ms_per_notice"].values()), 3),
        log_bytes=_log_bytes(written),
        **_hourly_run(small, large),
        feed_ms=round(1000 * looked["alone"] / looked["per_second"], 3),
        dashboard_mb=round(looked["memory_mb"]),
    )


def _of(simulated: Found, part: str, which: Any) -> Found:
    """What a part found with the most or the fewest cameras.

    Raises:
        NotMeasuredError: it was never run, or an hour of only one number of cameras.
    """
    runs: Found = simulated.get(part, {})
    if len(runs) < LEAST_RUNS.get(part, 1):
        raise NotMeasuredError(f"{part!r} lacks: run python -m benchmarks.thousand_cameras whole")
    found: Found = runs[which(runs, key=int)]
    return found


def _processors(bench: Found) -> dict[str, float]:
    """Medians of the rounds, milliseconds a frame."""
    names = {"worker_ms": "Python workers", "jvm_ms": "Spark's JVM", "kafka_ms": "Kafka",
             "driver_ms": "Spark's driver"}  # fmt: skip
    return {
        name: round(statistics.median(one["cpu_ms"][role] for one in bench["rounds"]), 2)
        for name, role in names.items()
    }


def _each(tables: Found, names: tuple[str, ...], count: int) -> float:
    return round(sum(tables[name]["bytes"] for name in names) / count, 1)


def _log_bytes(written: Found) -> float:
    """Of the busiest table."""
    log, commits = written["tables_as_archived"]["detections"]["log"], written["commits"]["detections"]
    return round(log["bytes"] / commits["count"])


def _hourly_run(small: Found, large: Found) -> dict[str, float]:
    """A straight line through two hours."""
    more = large["records"] - small["records"]
    took = [one["hourly_run"]["seconds"]["whole run"] for one in (small, large)]
    held = [one["hourly_run"]["memory_mb"] for one in (small, large)]
    record_s, record_mb = (took[1] - took[0]) / more, (held[1] - held[0]) / more
    return {
        "fixed_s": round(took[0] - record_s * small["records"], 1),
        "record_ms": round(1000 * record_s, 4),
        "run_mb": round(held[0] - record_mb * small["records"]),
        "record_bytes": round(record_mb * 2**20),
    }
