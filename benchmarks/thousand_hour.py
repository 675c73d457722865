"""The hour of `benchmarks.thousand_cameras`: written, counted, checked, published, compacted, asked about."""

from __future__ import annotations

import base64
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

import cv2
import numpy as np

from benchmarks.bench_pictures import real_pictures
from benchmarks.history import environment, measure, memory
from benchmarks.hour_questions import AFTER, BEFORE, Hour, ask_all
from benchmarks.simulated_hour import LIFE, Writer, broker_hours, frames_of, outcomes_of, settle, write_hour
from dashboards.data.table_sizes import TableSizes
from jobs.detector.detector import DetectorSettings, load_detector
from jobs.detector.images import annotate_picture, decode_picture
from jobs.frames.analyse_frames import WITHOUT_PICTURE
from jobs.harness.process import open_batch_session
from jobs.harness.settings import BatchSettings
from lake.accounting.open_frames import open_frames
from lake.config.settings import PROJECT_ROOT, Settings
from lake.contracts.hours import HOUR, Scope
from lake.schema.batch_schemas import BROKER_HOURS
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, FRAMES, TABLES
from lake.storage.tables import Lake, append_rows
from lake.views.publication_states import decisions

LOOKED_AT: Final = 60
"""Pictures on which objects are counted."""
ENDS: Final = 50
"""Commits at either end of the hour of which the median is said."""
Found = dict[str, Any]
Answer = TypeVar("Answer")


def usual_picture() -> dict[str, float]:
    """What an average picture of the demo's clips is and costs, on one thread.

    Returns:
        picture_bytes; objects with a stored score; result_bytes of its annotated picture in a result;
        drawing_ms for that picture beyond the analysis.
    """
    shared = Settings.from_env(os.environ)
    jpegs = real_pictures(shared.home / "clips", LOOKED_AT)
    cv2.setNumThreads(1)
    detector = load_detector(DetectorSettings.from_env(os.environ, shared))
    small, quick_s = _timed(lambda: [decode_picture(jpeg, WITHOUT_PICTURE) for jpeg in jpegs])
    seen = [found for picture in small for found in detector.detect([picture])]
    annotate_picture(decode_picture(jpegs[0]), seen[0])  # imports what draws
    drawn, whole_s = _timed(
        lambda: [annotate_picture(decode_picture(one), found) for one, found in zip(jpegs, seen, strict=True)]
    )
    return {
        "picture_bytes": statistics.mean(map(len, jpegs)),
        "objects": statistics.mean(map(len, seen)),
        "result_bytes": statistics.mean(len(base64.b64encode(one or b"")) for one in drawn),
        "drawing_ms": 1000 * (whole_s - quick_s) / len(jpegs),
    }


def _timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    """The answer, and the seconds of processor time that it took: who else computes must not count."""
    began = time.process_time()
    answer = work()
    return answer, time.process_time() - began


def create_tables() -> None:
    """Make the tables of this environment; for a process of its own, since Spark reads their columns."""
    settings = BatchSettings.from_env(os.environ)
    spark = open_batch_session(os.environ, "create", settings)
    Lake(settings.shared.lake).create(spark)
    spark.stop()


def child(data: Path, *arguments: str) -> Found:
    """Run a module over the data; its seconds, and the peak memory of it and its JVM in MB."""
    began, peak = time.perf_counter(), 0
    command = [sys.executable, "-m", *arguments]
    process = subprocess.Popen(command, env=environment(data), cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with status {process.returncode}")
    return {"seconds": time.perf_counter() - began, "memory_mb": peak / 2**20}


def make_hour(data: Path, about: Hour) -> Found:
    """Make the tables and write the hour, as the archives would have left it."""
    child(data, "benchmarks.thousand_cameras", "create")
    began = time.perf_counter()
    commits = write_hour(about.root, about.fleet, about.hour)
    append_rows(about.root, BROKER_HOURS, broker_hours(about.fleet, about.hour))
    runs = [{"run_id": f"{LIFE}-{layer}", "layer": layer, "model": LIFE} for layer in ("speed", "batch")]
    append_rows(about.root, DETECTOR_RUNS, runs)
    return {
        "written_in_s": time.perf_counter() - began,
        "commits": {name: _commits(seconds) for name, seconds in commits.items()},
        "tables_as_archived": tables_of(about.root),
    }


def ask_before(about: Hour) -> Found:
    """What is asked before the hourly run; then the batch layer analyses what was skipped."""
    begin_next_hour(about)
    found: Found = {"questions": {name: asdict(cost) for name, cost in ask_all(BEFORE, about).items()}}
    still = open_frames(about.root, Scope((about.hour,)))
    return {**found, "analysed": len(still), "commit_s": settle(about.root, about.fleet, still)}


def run_hour(data: Path, about: Hour) -> Found:
    """The hourly run, what is asked after it, and the compaction."""
    run = measure(data, about.hour)
    states = Counter(row["state"] for row in decisions(about.root))
    if states != {"published": about.fleet.cameras}:
        raise SystemExit(f"not every camera's hour was published: {dict(states)}")
    return {
        "hourly_run": {"seconds": run.seconds, "memory_mb": run.memory_mb},
        "questions": {name: asdict(cost) for name, cost in ask_all(AFTER, about).items()},
        "compaction": child(data, "jobs.maintenance.maintain_lake", "--work", "optimize"),
        "tables": tables_of(about.root),
        "data_docs": _folder(data / "quality"),
    }


def begin_next_hour(about: Hour) -> None:
    """Every camera sends five pictures more, so that there is an hour that is still open, as there always is.

    It is another life of the topic: the ledger and the account are asked about the whole hour alone.
    """
    dice, fleet = np.random.default_rng(3), about.fleet
    rows = frames_of(fleet, about.hour + HOUR, 0, 5 * fleet.cameras, dice)
    place = rows.column_names.index("topic_id")
    rows = rows.set_column(place, "topic_id", [["next"] * rows.num_rows])
    Writer(about.root, FRAMES).append(rows)
    Writer(about.root, DETECTIONS).append(outcomes_of(fleet, rows, "speed", dice))


def _commits(seconds: Sequence[float]) -> Found:
    return {"count": len(seconds), "first_s": statistics.median(seconds[:ENDS]),
            "last_s": statistics.median(seconds[-ENDS:])}  # fmt: skip


def tables_of(root: Path) -> Found:
    """Files, bytes and rows of each table as it is, and files and bytes of its log."""
    held = {one.name: one for one in TableSizes(root).look() if one.version is not None}
    logs = {table.name: _folder(root / table.name / "_delta_log") for table in TABLES}
    return {
        name: {"files": one.files, "bytes": one.bytes, "rows": one.rows or 0, "log": logs[name]}
        for name, one in held.items()
    }


def _folder(folder: Path) -> Found:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    return {"files": len(sizes), "bytes": sum(sizes)}
