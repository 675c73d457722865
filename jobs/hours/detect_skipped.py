"""BATCH LAYER: what the speed layer skipped, from `frames` → rows of layer batch in `detections`.

The oldest frames go first, a chunk at a time. What stops a run (its cap in minutes, or a kill) costs at most
one chunk: the next run finds what is still open, and what is stored is never analysed twice.
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
    """What a run came to.

    Attributes:
        analysed: frames that got a terminal outcome.
        left: frames of the scope that still have none.
        in_time: False when the minutes were over first.
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
    detecting = _begin(settings, lake, now)
    log.info("run %s detects as %s", run_id, detecting.run_id)
    settling, analysed, in_time = _settling(spark, settings, lake, detecting, now), 0, True
    for number, chunk in enumerate(_chunks_of(lake, scope)):
        if not (in_time := (left_s := deadline - monotonic()) > 0):
            break
        try:
            # Two runs at once take turns instead of doing the same work twice.
            with FileLock(settings.shared.run / "detect_skipped.lock", timeout=left_s):
                still = _still_open(lake, scope, chunk)
                analysed += settling.settle(still, number) if still else 0
        except Timeout:
            in_time = False
            break
    return Detected(analysed, count_open_frames(lake.root, scope), in_time)


def _begin(settings: BatchSettings, lake: Lake, now: Callable[[], datetime]) -> RunDescription:
    """Write down what is going to detect."""
    settings.shared.run.mkdir(parents=True, exist_ok=True)
    shared = settings.shared
    detecting = RunDescription(f"batch-{uuid.uuid4()}", LAYER, shared.time_zone, shared.report_threshold)
    known = describe_run(settings.detector, settings.factory, ALL_FRAMES, detecting)
    record_run(lake, detecting, known, now())
    return detecting


def _settling(
    spark: SparkSession, settings: BatchSettings, lake: Lake, run: RunDescription, now: Callable[[], datetime]
) -> ChunkDetector:
    """What analyses; the detector goes to where Spark runs first."""
    shipped = ship_detector(spark.sparkContext, settings.detector, settings.shared.run / "shipped")
    return ChunkDetector(spark, replace(settings, detector=shipped), lake, run, now)


def _chunks_of(lake: Lake, scope: Scope) -> Iterator[list[Row]]:
    """Hour by hour, so that a long scope need not be in memory at once."""
    for hour in scope.hours:
        yield from in_chunks(open_frames(lake.root, replace(scope, hours=(hour,))))


def _still_open(lake: Lake, scope: Scope, chunk: Sequence[Row]) -> list[Row]:
    """Those of the chunk that no other run settled since they were listed."""
    offsets = [row["offset"] for row in chunk]
    hours = replace(scope, hours=tuple(row["observed_at"] for row in chunk))
    between = f'"offset" BETWEEN {min(offsets)} AND {max(offsets)}'
    still = {_record(row) for row in open_frames(lake.root, hours, between)}
    return [row for row in chunk if _record(row) in still]


def _record(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDENTITY if name != "layer")


def sentence(done: Detected, minutes: float) -> str:
    """What a run did, for people."""
    said = f"analysed {done.analysed:,} frames that the speed layer had skipped"
    why = "they came meanwhile" if done.in_time else f"{minutes:g} minutes are over"
    return f"{said}; left {done.left:,} frames for the next run: {why}" if done.left else said


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Read the arguments; start Spark only when there is something to do; the exit status."""
    parser = scoped_parser(
        "jobs.hours.detect_skipped", "Analyse what the speed layer skipped in these hours."
    )
    parser.add_argument("--minutes", metavar="N", help="stop after so many; 20 unless told")
    told = BatchArguments.parse(parser, argv)
    if told.given.minutes is not None:
        env = {**env, "PYCTURESTREAM_DETECT_MINUTES": told.given.minutes}

    def job() -> int:
        settings = BatchSettings.from_env(env)
        if not settings.detect_skipped:
            log.info("PYCTURESTREAM_DETECT_SKIPPED=off: nothing is analysed")
            return 0
        check_lake(settings.shared)
        lake = Lake(settings.shared.lake)
        waiting = count_open_frames(lake.root, told.scope)
        if not waiting or told.dry_run:
            log.info("%d frames wait for an analysis%s", waiting, "; dry run" if told.dry_run else "")
            return 0
        with open_batch_session(env, "detect_skipped", settings) as spark:
            done = run(spark, settings, lake, told.scope, told.run_id, utc_now, time.monotonic)
        log.info("%s", sentence(done, settings.detect_minutes))
        return 0

    return run_job(env, job)


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
