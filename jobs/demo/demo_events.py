"""Invent days of history for a lake that has none yet: `python -m jobs.demo.demo_events`.

The history is drawn at random from a seed, marked by the topic `synthetic` and by camera ids that begin
with `synthetic-`, and deleted by `--remove`. There is one at a time: a new one replaces it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, Final

from pyspark.sql import SparkSession

from jobs.demo.history import MAX_DAYS, MAX_OBJECTS, History, HistoryError, Plan, plan_history
from jobs.demo.lake_writer import check_names, remove_history, write_history
from jobs.demo.publishing import publish_history
from jobs.harness.process import open_batch_session, run_job
from jobs.harness.settings import BatchSettings
from lake.config.lake_location import LakeLocation
from lake.config.sources import load_configuration
from lake.contracts.clock import utc_now
from lake.contracts.data_docs import QUALITY
from lake.contracts.hours import format_hour
from lake.schema.schemas import TABLES
from lake.storage.tables import Lake

PROGRAM: Final = "jobs.demo.demo_events"

log = logging.getLogger("demo_events")


def replace_history(root: LakeLocation, plan: Plan) -> dict[str, Any]:
    """Write a history in place of an earlier one; return a summary as plain values.

    Raises:
        HistoryError: a real camera has the name of a synthetic one.
    """
    history = plan.history
    check_names(root)
    if sum(remove_history(root).values()):
        log.info("removed the synthetic history that was there")
    frames = write_history(root, plan)
    return {
        "seed": history.seed,
        "from": format_hour(history.first),
        "to": format_hour(history.hour(history.hour_count)),
        "cameras": history.names,
        "objects": history.objects,
        "frames": frames,
        "outages": plan.listed_outages(),
    }


def read_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; an error ends the program with status 2."""
    parser = argparse.ArgumentParser(prog=f"python -m {PROGRAM}", description=__doc__, allow_abbrev=False)
    parser.add_argument("--seed", type=int, default=1, help="the same seed and end give the same rows")
    parser.add_argument("--days", type=int, default=14, help=f"1 to {MAX_DAYS}; default %(default)s")
    parser.add_argument("--cameras", type=int, default=4, help="how many; default %(default)s")
    parser.add_argument(
        "--objects", type=int, default=100_000, help=f"in all, up to {MAX_OBJECTS:,}; default %(default)s"
    )
    parser.add_argument(
        "--end",
        type=_parse_moment,
        help="ends with the last full hour before this, such as 2026-01-31T10:00:00Z",
    )
    parser.add_argument("--json", action="store_true", help="list what was written, and the outages, as JSON")
    parser.add_argument("--no-publish", action="store_true", help="leave counting and checking to others")
    parser.add_argument("--remove", action="store_true", help="delete all synthetic rows, and write none")
    return parser.parse_args(argv)


def _parse_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no date and time; write it as 2026-01-31T10:00:00Z"
        raise argparse.ArgumentTypeError(message) from error
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone; for UTC write {text}Z")
    return moment


def requested_history(args: argparse.Namespace, now: datetime) -> History:
    """Return the history that the command line describes.

    Raises:
        HistoryError: it cannot be made, or would lie in the future.
    """
    history = History(args.seed, args.days, args.cameras, args.objects, args.end or now)
    if history.end > now:
        raise HistoryError(
            f"--end {history.end.isoformat()} lies in the future: give at most {format_hour(now)}"
        )
    return history


def _describe_report(report: Mapping[str, Any]) -> str:
    decided = f", {report['published']:,} hours of cameras published" if "published" in report else ""
    held = f", {report['held']:,} held" if report.get("held") else ""
    return (
        f"synthetic history from {report['from']} to {report['to']}: {report['objects']:,} objects on"
        f" {report['frames']:,} frames of {len(report['cameras'])} cameras,"
        f" {len(report['outages'])} outages (--json lists them){decided}{held}"
    )


def create_missing_tables(lake: Lake, spark: Callable[[], SparkSession]) -> None:
    """Create missing tables; start Spark only when there are some."""
    if not all(lake.exists(table) for table in TABLES):
        lake.create(spark())


def _remove(settings: BatchSettings) -> dict[str, Any]:
    removed = remove_history(settings.shared.lake)
    log.info("removed %d synthetic rows of %d tables", sum(removed.values()), len(removed))
    return {"removed": removed}


def _write(args: argparse.Namespace, env: Mapping[str, str], settings: BatchSettings) -> dict[str, Any]:
    """Write, and publish unless disabled; a plan that cannot be made starts no Spark."""
    plan, lake = plan_history(requested_history(args, utc_now())), Lake(settings.shared.lake)
    spark = partial(open_batch_session, env, "demo_events", settings)
    create_missing_tables(lake, spark)
    report = replace_history(lake.root, plan)
    if not args.no_publish:
        run_id, docs = f"demo-events-{uuid.uuid4()}", settings.shared.data / QUALITY
        report |= asdict(publish_history(spark(), lake, plan, run_id, utc_now, docs))
    log.info("%s", _describe_report(report))
    return report


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Write or remove a history; return the exit status."""
    args = read_arguments(argv)
    logging.basicConfig(  # standard output is for the JSON
        level=logging.INFO, format="%(asctime)sZ %(levelname)s %(message)s", stream=sys.stderr
    )

    def job() -> int:
        settings = BatchSettings.from_env(env)
        report = _remove(settings) if args.remove else _write(args, env, settings)
        sys.stdout.write(json.dumps(report) + "\n" if args.json else "")
        return 0

    return run_job(env, job, (HistoryError,))


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
