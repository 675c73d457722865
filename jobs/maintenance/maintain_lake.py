"""Keep tables small, files few and the disk free: `python -m jobs.maintenance.maintain_lake [--work due]`.

It never blocks the stream: compacting changes no data, and rows are deleted only of days that are
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
from jobs.maintenance.plan import PastWork, Task, Work, due_tasks, possible_tasks
from jobs.maintenance.run_tasks import MaintenanceRunner, TaskReport, extents_by_day
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
"""Work of each choice of `--work`; `due` selects the tasks that are due."""

log = logging.getLogger(__name__)


class MaintenanceBusyError(RuntimeError):
    """Another maintenance run is working on this lake."""


@dataclass(frozen=True, slots=True)
class MaintenanceRequest:
    """What a run shall do: a key of WORKS, the run's name, and whether to write nothing."""

    work: str
    run_id: str
    dry_run: bool


def run(
    spark: Callable[[], SparkSession],
    settings: MaintenanceSettings,
    request: MaintenanceRequest,
    now: datetime,
    clock: Callable[[], datetime],
) -> list[TaskReport]:
    """Maintain table after table, and record what was done.

    Args:
        spark: returns the session; not called when nothing is compacted.
        settings: the rules of retention.
        request: what to do.
        now: decides what is due and which day is today.
        clock: when each task began and ended.

    Raises:
        MaintenanceBusyError: another run is working.
    """
    settings.shared.run.mkdir(parents=True, exist_ok=True)
    lake = Lake(settings.shared.lake)
    runner = MaintenanceRunner(lake, spark, clock, request.dry_run)
    reports: list[TaskReport] = []
    try:
        with FileLock(settings.shared.run / "maintain_lake.lock", timeout=0):
            try:
                for task in plan(lake, settings, request.work, now):
                    reports.append(runner.run_task(task))
            finally:
                write_reports(lake, reports, request)
    except Timeout as error:
        raise MaintenanceBusyError("another maintenance is at work here; wait for it to end") from error
    return reports


def plan(lake: Lake, settings: MaintenanceSettings, work: str, now: datetime) -> Iterator[Task]:
    """Yield the tasks, table after table; each table is read when its turn comes."""
    done = PastWork.of(read_rows(lake.root, "SELECT * FROM maintenance_reports", MAINTENANCE_REPORTS))
    for table in TABLES:
        days = extents_by_day(open_table(lake.folder(table)))
        candidates = possible_tasks(table, days, settings.rules(), WORKS[work], now)
        yield from due_tasks(candidates, days, done, now) if work == DUE else candidates


def write_reports(lake: Lake, reports: Sequence[TaskReport], request: MaintenanceRequest) -> None:
    """Append the reports to `maintenance_reports`."""
    if not reports:
        return
    rows = [report.to_row(request.run_id, request.dry_run) for report in reports]
    retry_on_conflict(lambda: append_rows(lake.root, MAINTENANCE_REPORTS, rows))


def show(reports: Sequence[TaskReport], console: Console) -> None:
    """Print the reports as a table."""
    grid = Grid("table", "work", "what", "files", "MB", "removed", "seconds", box=None, pad_edge=False)
    for report in reports:
        after = report.after or report.before
        grid.add_row(
            report.task.table.name,
            report.task.work,
            report.task.scope,
            f"{report.before.files:,} → {after.files:,}",
            f"{report.before.bytes / 1e6:,.1f} → {after.bytes / 1e6:,.1f}",
            "" if report.removed is None else f"{report.removed:,}",
            report.error or f"{(report.finished_at - report.started_at).total_seconds():.1f}",
        )
    console.print(grid if reports else "nothing is due")


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Read the arguments and maintain the lake; return 1 when a task failed."""
    parser = run_parser(
        "jobs.maintenance.maintain_lake", "Compact tables, remove dead files, delete what is too old."
    )
    parser.add_argument("--work", choices=tuple(WORKS), default=DUE, help="what to do; default: due")
    args = parser.parse_args(argv)
    request = MaintenanceRequest(args.work, args.run_id, args.dry_run)

    def job() -> int:
        settings = MaintenanceSettings.from_env(env)
        check_lake(settings.shared)

        def spark() -> SparkSession:
            return open_batch_session(env, "maintain_lake", BatchSettings.from_env(env))

        reports = run(spark, settings, request, utc_now(), utc_now)
        if request.dry_run:
            log.info("dry run: nothing of this was done")
        show(reports, Console(width=160))
        failed = [report for report in reports if report.error]
        for report in failed:
            log.error(
                "%s of %s (%s) failed: %s",
                report.task.work,
                report.task.table.name,
                report.task.scope,
                report.error,
            )
        return 1 if failed else 0

    return run_job(env, job, (MaintenanceBusyError,))


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
