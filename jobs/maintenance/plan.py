"""Plan a lake's maintenance: from each table's files and the past work to a list of tasks.

A table's files are compacted when its day is over, once, and hourly while it is not. Vacuuming by the log
(lite) knows a removed file only as long as the log does, one day; so it removes, four times a day, those that
were removed more than 18 hours ago. What it misses while nothing runs, the weekly full one finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from jobs.maintenance.settings import Retention
from lake.schema.table import Table

MANY_FILES: Final = 16
"""Fewer are not worth compacting while their day lasts, nor, once it was, what came late to it."""
ALL_WORK: Final = "all"
"""Scope of work on a whole table."""


class Work(StrEnum):
    """Pieces of maintenance, in the order in which they are done to a table."""

    RETENTION = "retention"
    OPTIMIZE = "optimize"
    VACUUM_LITE = "vacuum_lite"
    VACUUM_FULL = "vacuum_full"


INTERVALS: Final = {
    # A little less than the schedule's hour or day: a run may start some minutes earlier than the last did.
    Work.RETENTION: timedelta(hours=23),
    Work.OPTIMIZE: timedelta(minutes=50),
    Work.VACUUM_LITE: timedelta(hours=5, minutes=50),
    Work.VACUUM_FULL: timedelta(days=7, minutes=-10),
}
UNPARTITIONED_EVERY: Final = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class Extent:
    """Files of a day, or of a whole table, in its present version."""

    files: int = 0
    bytes: int = 0
    rows: int = 0

    def __add__(self, other: Extent) -> Extent:
        """Add two extents."""
        return Extent(self.files + other.files, self.bytes + other.bytes, self.rows + other.rows)


Days = Mapping[date | None, Extent]
"""Extent of each day of a table; None for a table without days."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of maintenance on one table.

    Attributes:
        table: the table.
        work: kind of work.
        scope: the day, condition or `all`, for people and for the next plan.
        day: its only day; None for several or none.
    """

    table: Table
    work: Work
    scope: str
    day: date | None = None


@dataclass(frozen=True, slots=True)
class PastWork:
    """Work recorded in `maintenance_reports`, per table, work and scope: last time, and files left."""

    last: Mapping[tuple[str, str, str], tuple[datetime, int]]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> PastWork:
        """Build it from rows of `maintenance_reports`; dry runs and failures do not count."""
        last: dict[tuple[str, str, str], tuple[datetime, int]] = {}
        for row in rows:
            if not row["dry_run"] and row["error"] is None:
                key = row["table_name"], row["work"], row["scope"]
                entry = row["finished_at"], row["files_after"]
                last[key] = max(entry, last.get(key, entry), key=lambda item: item[0])
        return cls(last)

    def since(self, task: Task, now: datetime) -> timedelta:
        """Return how long ago a task was done, the maximum when never; a full vacuum is a lite one too."""
        works = (Work.VACUUM_LITE, Work.VACUUM_FULL) if task.work is Work.VACUUM_LITE else (task.work,)
        entries = [self.last.get((task.table.name, work, task.scope)) for work in works]
        return min((now - entry[0] for entry in entries if entry), default=timedelta.max)


def possible_tasks(
    table: Table, days: Days, rules: Sequence[Retention], works: Iterable[Work], now: datetime
) -> Iterator[Task]:
    """Yield all tasks of a table, due or not, in the order of `Work`."""
    selected = set(works)
    if Work.RETENTION in selected:
        yield from _retention(days, [rule for rule in rules if rule.table == table], now)
    if Work.OPTIMIZE in selected:
        yield from _optimize(table, days)
    yield from (
        Task(table, work, ALL_WORK) for work in (Work.VACUUM_LITE, Work.VACUUM_FULL) if work in selected
    )


def due_tasks(candidates: Iterable[Task], days: Days, done: PastWork, now: datetime) -> list[Task]:
    """Return the tasks that are due; a full vacuum makes a lite one needless."""
    due = [task for task in candidates if _is_due(task, days, done, now)]
    full = any(task.work is Work.VACUUM_FULL for task in due)
    return [task for task in due if not (full and task.work is Work.VACUUM_LITE)]


def _is_due(task: Task, days: Days, done: PastWork, now: datetime) -> bool:
    ago = done.since(task, now)
    if task.work is not Work.OPTIMIZE:
        return ago >= INTERVALS[task.work]
    if task.day is None:
        return days[None].files >= MANY_FILES and ago >= UNPARTITIONED_EVERY
    if task.day >= now.date():
        return days[task.day].files >= MANY_FILES and ago >= INTERVALS[task.work]
    last = done.last.get((task.table.name, task.work, task.scope))
    if last is None or last[0].date() <= task.day:
        return True
    return days[task.day].files > last[1] + MANY_FILES


def _optimize(table: Table, days: Days) -> Iterator[Task]:
    for day, extent in sorted(days.items(), key=lambda item: item[0] or date.min):
        if extent.files > 1:
            yield Task(table, Work.OPTIMIZE, ALL_WORK if day is None else str(day), day)


def _retention(days: Days, rules: Sequence[Retention], now: datetime) -> Iterator[Task]:
    for rule in rules:
        first = max(rule.first_kept(now), _first_that_fits(days, rule.max_bytes, now.date()))
        yield Task(rule.table, Work.RETENTION, rule.condition(first))


def _first_that_fits(days: Days, max_bytes: int | None, today: date) -> date:
    """Return the oldest day to keep so that it and later ones fit into the bytes; never after today."""
    if max_bytes is None:
        return date.min
    left, first = max_bytes, today
    for day in sorted((day for day in days if day is not None), reverse=True):
        left -= days[day].bytes
        if left < 0 and day < today:
            break
        first = min(first, day)
    else:
        return date.min
    return first
