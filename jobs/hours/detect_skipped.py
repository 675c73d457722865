"""BATCH LAYER: frames that the speed layer skipped → rows of layer batch in `detections`.

The oldest frames go first, a chunk at a time. Stopping a run (by its limit in minutes, or a kill) costs at
most one chunk: the next run finds the frames still open, and none that is stored is analysed twice.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from filelock import FileLock, Timeout
from pyspark.sql import SparkSession

from jobs.detector.executor_files import ship_detector
from jobs.frames.detector_run import describe_run, record_run
from jobs.frames.outcome_messages import RunDescription
from jobs.harness.arguments import BatchArguments, scoped_parser
from jobs.harness.process import open_batch_session, run_job
from jobs.harness.settings import BatchSettings
from jobs.hours.detect_chunk import ALL_FRAMES, ChunkDetector, Row, in_chunks
from jobs.stream.archive_detections import IDENTITY
from lake.accounting.open_frames import count_open_frames, open_frames
from lake.config.sources import load_configuration
from lake.contracts.clock import utc_now
from lake.contracts.hours import Scope
from lake.spark.catalog import check_lake
from lake.storage.tables import Lake

LAYER: Final = "batch"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Detected:
    """Result of a run.

    Attributes:
        analysed: frames that got a terminal outcome.
        left: frames of the scope that still have none.
        in_time: False when the time limit ended the run.
    """

    analysed: int
    left: int
    in_time: bool = True


def run(
    spark: SparkSession,
    settings: BatchSettings,
    lake: Lake,
    scope: Scope,
    run_id: str,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
) -> Detected:
    """Analyse the open frames of the scope, oldest first, until none is left or the minutes are over.

    Args:
        spark: the session.
        settings: of the batch.
        lake: the tables.
        scope: hours of observation, and cameras.
        run_id: of the batch run, for the log; the detector run gets an id of its own.
        now: the wall clock, a function that worker processes can import.
        monotonic: seconds that only grow.
    """
    if not settings.detect_skipped or not count_open_frames(lake.root, scope):
        return Detected(0, count_open_frames(lake.root, scope))
    deadline = monotonic() + settings.detect_minutes * 60
    detector_run = _start_run(settings, lake, now)
    log.info("run %s detects as %s", run_id, detector_run.run_id)
    detector, analysed, in_time = _ship_and_build(spark, settings, lake, detector_run, now), 0, True
    for number, chunk in enumerate(_chunks_of(lake, scope)):
        if not (in_time := (left_s := deadline - monotonic()) > 0):
            break
        try:
            # Two runs at once take turns instead of doing the same work twice.
            with FileLock(settings.shared.run / "detect_skipped.lock", timeout=left_s):
                open_rows = _still_open(lake, scope, chunk)
                analysed += detector.detect(open_rows, number) if open_rows else 0
        except Timeout:
            in_time = False
            break
    return Detected(analysed, count_open_frames(lake.root, scope), in_time)


def _start_run(settings: BatchSettings, lake: Lake, now: Callable[[], datetime]) -> RunDescription:
    """Record the detector run before it starts."""
    settings.shared.run.mkdir(parents=True, exist_ok=True)
    shared = settings.shared
    detector_run = RunDescription(f"batch-{uuid.uuid4()}", LAYER, shared.time_zone, shared.report_threshold)
    columns = describe_run(settings.detector, settings.factory, ALL_FRAMES, detector_run)
    record_run(lake, detector_run, columns, now())
    return detector_run


def _ship_and_build(
    spark: SparkSession, settings: BatchSettings, lake: Lake, run: RunDescription, now: Callable[[], datetime]
) -> ChunkDetector:
    """Ship the detector to Spark's executors, and return what analyses chunks there."""
    shipped = ship_detector(spark.sparkContext, settings.detector, settings.shared.run / "shipped")
    return ChunkDetector(spark, replace(settings, detector=shipped), lake, run, now)


def _chunks_of(lake: Lake, scope: Scope) -> Iterator[list[Row]]:
    """Read chunks hour by hour, so that a long scope need not be in memory at once."""
    for hour in scope.hours:
        yield from in_chunks(open_frames(lake.root, replace(scope, hours=(hour,))))


def _still_open(lake: Lake, scope: Scope, chunk: Sequence[Row]) -> list[Row]:
    """Return the frames of the chunk that no other run has analysed since they were listed."""
    offsets = [row["offset"] for row in chunk]
    hours = replace(scope, hours=tuple(row["observed_at"] for row in chunk))
    between = f'"offset" BETWEEN {min(offsets)} AND {max(offsets)}'
    still = {_record(row) for row in open_frames(lake.root, hours, between)}
    return [row for row in chunk if _record(row) in still]


def _record(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDENTITY if name != "layer")


def describe_result(done: Detected, minutes: float) -> str:
    """Describe a run for people."""
    text = f"analysed {done.analysed:,} frames that the speed layer had skipped"
    why = "they came meanwhile" if done.in_time else f"{minutes:g} minutes are over"
    return f"{text}; left {done.left:,} frames for the next run: {why}" if done.left else text


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Read the arguments and start Spark only when there is something to do; return the exit status."""
    parser = scoped_parser(
        "jobs.hours.detect_skipped", "Analyse what the speed layer skipped in these hours."
    )
    parser.add_argument("--minutes", metavar="N", help="stop after so many; default: 20")
    args = BatchArguments.parse(parser, argv)
    if args.namespace.minutes is not None:
        env = {**env, "PYCTURESTREAM_DETECT_MINUTES": args.namespace.minutes}

    def job() -> int:
        settings = BatchSettings.from_env(env)
        if not settings.detect_skipped:
            log.info("PYCTURESTREAM_DETECT_SKIPPED=off: nothing is analysed")
            return 0
        check_lake(settings.shared)
        lake = Lake(settings.shared.lake)
        waiting = count_open_frames(lake.root, args.scope)
        if not waiting or args.dry_run:
            log.info("%d frames wait for an analysis%s", waiting, "; dry run" if args.dry_run else "")
            return 0
        with open_batch_session(env, "detect_skipped", settings) as spark:
            done = run(spark, settings, lake, args.scope, args.run_id, utc_now, time.monotonic)
        log.info("%s", describe_result(done, settings.detect_minutes))
        return 0

    return run_job(env, job)


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
