"""`python -m jobs.maintenance.maintain_lake [--work due]`: keeps tables small, files few and the disk free.

It never stands in the stream's way: compacting changes no data, and rows are deleted only of days that are
over. Spark is started only when there is something to compact.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from filelock import FileLock, Timeout
from pyspark.sql import SparkSession
from rich.console import Console
from rich.table import Table as Grid

from jobs.harness.arguments import run_parser
from jobs.harness.process import open_batch_session, run_job
from jobs.harness.settings import BatchSettings
from jobs.maintenance.plan import PastWork, Task, Work, due, tasks
from jobs.maintenance.run_tasks import MaintenanceRunner, TaskReport, days_of
from jobs.maintenance.settings import MaintenanceSettings
from lake.config.sources import load_configuration
from lake.contracts.clock import utc_now
from lake.schema.batch_schemas import MAINTENANCE_REPORTS
from lake.schema.schemas import TABLES
from lake.spark.catalog import check_lake
from lake.storage.delta_tables import append_rows, open_table
from lake.storage.reader import read_rows
from lake.storage.tables import Lake, retry_on_conflict

DUE: Final = "due"
WORKS: Final[Mapping[str, tuple[Work, ...]]] = {
    DUE: tuple(Work),
    "optimize": (Work.OPTIMIZE,),
    "vacuum": (Work.VACUUM_FULL,),
    "retention": (Work.RETENTION,),
    "all": (Work.RETENTION, Work.OPTIMIZE, Work.VACUUM_FULL),
}
"""What each word on the command line means; `due` does what its time has come for."""

log = logging.getLogger(__name__)


class MaintenanceBusyError(RuntimeError):
    """Another maintenance of this lake is at work."""


@dataclass(frozen=True, slots=True)
class MaintenanceRequest:
    """What a run shall do: the word for the work, the run's name, and whether to only look."""

    work: str
    run_id: str
    dry_run: bool


def run(
    spark: Callable[[], SparkSession],
    settings: MaintenanceSettings,
    order: MaintenanceRequest,
    now: datetime,
    clock: Callable[[], datetime],
) -> list[TaskReport]:
    """Tend table after table, and write down what was done.

    Args:
        spark: gives the session; not asked when nothing is compacted.
        settings: how long what is kept.
        order: what to do.
        now: decides what is due and which day is today.
        clock: when each task began and ended.

    Raises:
        MaintenanceBusyError: another run is at work.
    """
    settings.shared.run.mkdir(parents=True, exist_ok=True)
    lake = Lake(settings.shared.lake)
    tending = MaintenanceRunner(lake, spark, clock, order.dry_run)
    reports: list[TaskReport] = []
    try:
        with FileLock(settings.shared.run / "maintain_lake.lock", timeout=0):
            try:
                for task in plan(lake, settings, order.work, now):
                    reports.append(tending.tend(task))
            finally:
                write_reports(lake, reports, order)
    except Timeout as error:
        raise MaintenanceBusyError("another maintenance is at work here; wait for it to end") from error
    return reports


def plan(lake: Lake, settings: MaintenanceSettings, work: str, now: datetime) -> Iterator[Task]:
    """What to do, table after table, each as it is when its turn comes."""
    done = PastWork.of(read_rows(lake.root, "SELECT * FROM maintenance_reports", MAINTENANCE_REPORTS))
    for table in TABLES:
        days = days_of(open_table(lake.folder(table)))
        found = tasks(table, days, settings.kept(), WORKS[work], now)
        yield from due(found, days, done, now) if work == DUE else found


def write_reports(lake: Lake, reports: Sequence[TaskReport], order: MaintenanceRequest) -> None:
    """Append them to `maintenance_reports`."""
    if not reports:
        return
    rows = [report.to_row(order.run_id, order.dry_run) for report in reports]
    retry_on_conflict(lambda: append_rows(lake.root, MAINTENANCE_REPORTS, rows))


def show(reports: Sequence[TaskReport], console: Console) -> None:
    """A table for people."""
    grid = Grid("table", "work", "what", "files", "MB", "removed", "seconds", box=None, pad_edge=False)
    for one in reports:
        after = one.after or one.before
        grid.add_row(
            one.task.table.name,
            one.task.work,
            one.task.scope,
            f"{one.before.files:,} → {after.files:,}",
            f"{one.before.bytes / 1e6:,.1f} → {after.bytes / 1e6:,.1f}",
            "" if one.removed is None else f"{one.removed:,}",
            one.error or f"{(one.finished_at - one.started_at).total_seconds():.1f}",
        )
    console.print(grid if reports else "nothing is due")


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Read the arguments and tend the lake; 1 when something could not be done."""
    parser = run_parser(
        "jobs.maintenance.maintain_lake", "Compact tables, remove dead files, delete what is too old."
    )
    parser.add_argument("--work", choices=tuple(WORKS), default=DUE, help="what to do; due unless told")
    given = parser.parse_args(argv)
    order = MaintenanceRequest(given.work, given.run_id, given.dry_run)

    def job() -> int:
        settings = MaintenanceSettings.from_env(env)
        check_lake(settings.shared)

        def spark() -> SparkSession:
            return open_batch_session(env, "maintain_lake", BatchSettings.from_env(env))

        reports = run(spark, settings, order, utc_now(), utc_now)
        if order.dry_run:
            log.info("dry run: nothing of this was done")
        show(reports, Console(width=160))
        failed = [one for one in reports if one.error]
        for one in failed:
            log.error(
                "%s of %s (%s) failed: %s", one.task.work, one.task.table.name, one.task.scope, one.error
            )
        return 1 if failed else 0

    return run_job(env, job, (MaintenanceBusyError,))


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
