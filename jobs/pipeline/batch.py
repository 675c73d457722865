"""The batch layer without Airflow: the same steps for hours named by hand, in one Spark session.

Analyse what the speed layer skipped, count, check, publish; a day at a time, one sentence per step.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from pyspark.sql import SparkSession

from jobs.harness.arguments import BatchArguments, comma_separated, run_parser
from jobs.harness.process import open_batch_session, run_job
from jobs.harness.settings import BatchSettings
from jobs.hours import count_objects, detect_skipped
from jobs.quality.check_quality import Audit, audit, decide, known_vocabularies
from lake.accounting.broker_hours import record_broker_hours
from lake.accounting.pending_work import LOOKBACK, archives_lacking, frames_to_detect, has_rows
from lake.config.settings import Settings
from lake.config.sources import load_configuration
from lake.contracts.camera_hour import CameraHour
from lake.contracts.clock import utc_now
from lake.contracts.data_docs import QUALITY
from lake.contracts.hours import HOUR, Candidate, HourError, Scope, format_hour, hours_between, parse_hour
from lake.kafka.broker import TopicMissingError
from lake.kafka.client import BrokerAwayError
from lake.spark.catalog import check_lake
from lake.storage.tables import Lake

PROGRAM = "jobs.pipeline.batch"
MAX_REASONS = 5
"""Reasons of an hour that are shown; all are in quality_results."""

Tell = Callable[[str], None]

log = logging.getLogger("batch")


@dataclass(frozen=True, slots=True)
class Batch:
    """One run over some hours.

    Attributes:
        spark: the session.
        settings: of the batch.
        lake: the tables.
        run_id: names the run in all that it writes.
        now: the wall clock, a function that worker processes can import.
        tell: called with each sentence.
    """

    spark: SparkSession
    settings: BatchSettings
    lake: Lake
    run_id: str
    now: Callable[[], datetime]
    tell: Tell

    def run(self, scope: Scope) -> bool:
        """Run all steps for the hours that are over; return whether none was held."""
        return all([self._run_day(day) for day in by_day(scope)])

    def dry_run_report(self, scope: Scope) -> None:
        """Report what a run would find, without writing."""
        for day in by_day(scope):
            left = frames_to_detect(self.lake.root, day)
            if left and self.settings.detect_skipped:
                self.tell(f"would analyse {left:,} frames of {_hours(day)} that the speed layer skipped")
            now, tell = self.now(), self.tell
            count_objects.run(self.spark, self.lake, day, self.run_id, now, dry_run=True, tell=tell)
        self.tell("dry run: nothing was written")

    def _run_day(self, scope: Scope) -> bool:
        if self.settings.detect_skipped:
            self._detect(scope)
        candidate = count_objects.run(self.spark, self.lake, scope, self.run_id, self.now(), tell=self.tell)
        over = tuple(hour for hour in scope.hours if hour + HOUR <= self.now())
        for hour in sorted(set(scope.hours) - set(over)):
            self.tell(f"{format_hour(hour)} is not over yet: counted, not published")
        return not over or self._publish(replace(candidate, scope=Scope(over, scope.cameras)))

    def _detect(self, scope: Scope) -> None:
        if not frames_to_detect(self.lake.root, scope):
            return
        run, clock = detect_skipped.run, time.monotonic
        done = run(self.spark, self.settings, self.lake, scope, self.run_id, self.now, clock)
        self.tell(detect_skipped.describe_result(done, self.settings.detect_minutes))

    def _publish(self, candidate: Candidate) -> bool:
        """Check and publish; return whether nothing was held."""
        shared = self.settings.shared
        docs, vocabularies = shared.data / QUALITY, known_vocabularies(shared.models)
        result = audit(self.lake.root, candidate, self.run_id, self.now(), docs, vocabularies)
        decide(self.lake, candidate, result, self.run_id, self.now(), lambda: self.spark)
        for sentence in sentences(result):
            self.tell(sentence)
        return not result.held


def by_day(scope: Scope) -> Iterator[Scope]:
    """Split the scope by UTC day, so that a year of hours needs no more memory than a day."""
    for _, hours in groupby(scope.hours, key=datetime.date):
        yield replace(scope, hours=tuple(hours))


def sentences(result: Audit) -> Iterator[str]:
    """Describe the decisions, hour by hour."""
    for hour, cameras in _by_hour(result.passed):
        yield f"published {format_hour(hour)}: {', '.join(cameras)}"
    for (hour, camera), reasons in sorted(result.held.items()):
        more = len(reasons) - MAX_REASONS
        rest = f"; and {more} more" if more > 0 else ""
        yield f"held {format_hour(hour)}, {camera}: {'; '.join(reasons[:MAX_REASONS])}{rest}"


def _by_hour(about: Sequence[CameraHour]) -> Iterator[tuple[datetime, list[str]]]:
    for hour, pairs in groupby(sorted(about), key=lambda pair: pair[0]):
        yield hour, [camera for _, camera in pairs]


def _hours(scope: Scope) -> str:
    first, last = format_hour(scope.hours[0]), format_hour(scope.hours[-1])
    return first if first == last else f"{first} to {last}"


def check_broker(settings: Settings, scope: Scope, now: datetime) -> str | None:
    """Record the broker's own counts of hours; return what the archives still lack of a recent scope."""
    if scope.hours[-1] < now - LOOKBACK:
        return None
    try:
        record_broker_hours(settings, now)
    except (BrokerAwayError, TopicMissingError) as error:
        log.warning("%s; whether the archives hold all of the hour stays unknown", error)
        return None
    end = scope.hours[-1] + HOUR
    lacking = archives_lacking(settings, end) if end <= now else None
    return f"{lacking}: count again when they are there" if lacking else None


def parse(argv: Sequence[str]) -> BatchArguments:
    """Parse the command line of `pycturestream batch`; an error ends the program with status 2."""
    purpose = "Analyse what was skipped, count, check and publish hours, without Airflow."
    parser = run_parser(PROGRAM, purpose)
    parser.prog = "pycturestream batch"
    parser.add_argument("which", choices=("hour", "range"), help="one hour; or from one to another")
    parser.add_argument(
        "moments",
        nargs="+",
        type=comma_separated(parse_hour),
        metavar="HOUR",
        help="start of a UTC hour, such as 2026-01-31T10:00:00Z; for a range the first and the last one",
    )
    parser.add_argument(
        "--cameras",
        type=comma_separated(str),
        default=(),
        metavar="CAMERA,…",
        help="only these; default: all",
    )
    parser.add_argument("--no-detect", action="store_true", help="leave what the speed layer skipped")
    args = parser.parse_args(argv)
    try:
        return BatchArguments(_scope(args), args.run_id, args.dry_run, args)
    except ValueError as error:
        parser.error(str(error))


def _scope(args: argparse.Namespace) -> Scope:
    hours = [hour for named in args.moments for hour in named]
    expected = 1 if args.which == "hour" else 2
    if len(hours) != expected:
        raise HourError(f"{args.which} takes {expected} of these, not {len(hours)}: 2026-01-31T10:00:00Z")
    return Scope(hours_between(hours[0], hours[-1]), args.cameras or None)


def print_sentence(sentence: str) -> None:
    """Print a sentence at once."""
    print(sentence, flush=True)  # noqa: T201


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run the batch layer over the hours named; return 0 when all that has data is published, else 1."""
    args = parse(argv)

    def job() -> int:
        logging.getLogger().setLevel(logging.WARNING)  # the printed sentences suffice
        settings = BatchSettings.from_env(env)
        settings = replace(settings, detect_skipped=settings.detect_skipped and not args.namespace.no_detect)
        check_lake(settings.shared)
        lake = Lake(settings.shared.lake)
        if not has_rows(lake.root, args.scope):
            print_sentence(f"{_hours(args.scope)}: no frames and no detections, nothing to count")
            return 0
        if lacking := check_broker(settings.shared, args.scope, utc_now()):
            print_sentence(lacking)
        with open_batch_session(env, "batch", settings) as spark:
            batch = Batch(spark, settings, lake, args.run_id, utc_now, print_sentence)
            if args.dry_run:
                batch.dry_run_report(args.scope)
                return 0
            return 0 if batch.run(args.scope) else 1

    return run_job(env, job)


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
