"""Single objects, a page at a time, out of millions: read without a JVM and without loading them.

Tables are kept open between questions and opened anew where one has another version. Days are counted once
for each question; in the order of time a page is then looked for in its own days alone, so that page 10,000
costs what the first one does.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from lake.questions import Question, of_live_days, order_of, where_of
from lake.views import with_views

MOST_ROWS: Final = 500
DEEPEST: Final = 100_000
"""Rows that another order than that of time may be followed to; beyond, filters find more than scrolling."""
FRESH: Final = timedelta(seconds=2)
"""For so long nobody looks whether a table has a newer version."""
MOST_COUNTS: Final = 64
NAMES: Final = ("detections", "frames", "published_objects", "publications", "detector_runs")


class TooDeepError(IndexError):
    """A page that lies too deep in an order that is not that of time."""


@dataclass(slots=True)
class _Open:
    tables: dict[str, DeltaTable] = field(default_factory=dict)
    builder: QueryBuilder | None = None
    looked_at: datetime | None = None
    live_days: tuple[date, ...] = ()
    counts: OrderedDict[Question, dict[date, int]] = field(default_factory=OrderedDict)


class Explorer:
    """Asks the lake for objects.

    Args:
        root: root folder of the tables.
        clock: the time now, UTC.
    """

    def __init__(self, root: Path, clock: Callable[[], datetime]) -> None:
        self._root, self._clock = root, clock
        self._lock, self._open = threading.Lock(), _Open()

    def start(self) -> None:
        """Tables are opened by the first question."""

    def stop(self) -> None:
        """Nothing runs between questions."""

    def health(self) -> dict[str, str]:
        """For `/healthz`."""
        days = self._kept().live_days
        missing = [name for name in NAMES if name not in self._open.tables]
        if "published_objects" in missing and "detections" in missing:
            return {"state": "empty", "sentence": "the lake has no tables yet"}
        return {"state": "ok", "sentence": f"{len(days)} days hold live objects"}

    def count(self, question: Question) -> int:
        """How many objects."""
        return sum(self.count_by_day(question).values())

    def count_by_day(self, question: Question) -> dict[date, int]:
        """How many objects on each UTC day that has some; kept until a table changes."""
        kept = self._kept()
        asked = replace(question, order=())
        if asked not in kept.counts:
            # Not by v.day: its comment differs from table to table, and DataFusion refuses to group by it.
            day = "to_date(v.observed_at)"
            sql = f"SELECT {day} AS day, count(*) AS n FROM objects v WHERE {where_of(asked)} GROUP BY {day}"
            found = self._ask(kept, sql, asked).to_pylist()
            kept.counts[asked] = {one["day"]: one["n"] for one in found}
            while len(kept.counts) > MOST_COUNTS:
                kept.counts.popitem(last=False)
        return kept.counts[asked]

    def rows(self, question: Question, start: int, end: int) -> pa.Table:
        """Rows `start` up to, not including, `end` of the answer, at most MOST_ROWS, with all columns.

        Raises:
            TooDeepError: in another order than that of time, over DEEPEST.
        """
        start, end = max(0, start), min(end, max(0, start) + MOST_ROWS)
        if question.by_time:
            question, start, end = self._nearer(question, start, end)
        elif end > DEEPEST:
            raise TooDeepError(f"row {end} in this order lies beyond {DEEPEST}: filter, or sort by time")
        sql = (
            f"SELECT v.* FROM objects v WHERE {where_of(question)} "
            f"ORDER BY {order_of(question)} LIMIT {max(0, end - start)} OFFSET {start}"
        )
        return self._ask(self._kept(), sql, question)

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query over tables that are kept open; views are not named here."""
        builder = self._kept().builder
        return pa.table(builder.execute(sql).read_all()).to_pylist() if builder else []

    def version(self, name: str) -> int | None:
        """The version of a table that is read now; None where there is no such table."""
        table = self._kept().tables.get(name)
        return None if table is None else int(table.version())

    def has(self, *names: str) -> bool:
        """Whether all these tables are there."""
        return set(names) <= set(self._kept().tables)

    def _nearer(self, question: Question, start: int, end: int) -> tuple[Question, int, int]:
        """The same page, asked of only the days in which it lies."""
        counts = self.count_by_day(question)
        passed, within = 0, []
        for day in sorted(counts, reverse=question.falling):
            if passed + counts[day] > start and passed < end:
                within.append((day, passed))
            passed += counts[day]
        if not within:
            return question, 0, 0
        days = [day for day, _ in within]
        before = within[0][1]
        return replace(question, first=min(days), last=max(days)), start - before, min(end, passed) - before

    def _kept(self) -> _Open:
        """The open tables; opened anew where one has another version, at most every FRESH."""
        with self._lock:
            now = self._clock()
            if self._open.looked_at is not None and abs(now - self._open.looked_at) < FRESH:
                return self._open
            tables = self._open.tables
            before = {name: table.version() for name, table in tables.items()}
            fresh = {name: found for name in NAMES if (found := self._fresh(name, tables.get(name)))}
            if {name: table.version() for name, table in fresh.items()} != before:
                self._open = _opened(fresh)
            self._open.looked_at = now
            return self._open

    def _fresh(self, name: str, known: DeltaTable | None) -> DeltaTable | None:
        try:
            if known is None:
                return DeltaTable(self._root / name)
            known.update_incremental()
        except TableNotFoundError:
            return None
        return known

    def _ask(self, kept: _Open, sql: str, question: Question) -> pa.Table:
        if kept.builder is None or not {"published_objects", "publications", "detections"} <= set(
            kept.tables
        ):
            return pa.table({})
        days = [day for day in kept.live_days if question.first <= day <= question.last]
        statement = of_live_days(sql, days).format(threshold=f"{question.threshold:f}")
        return pa.table(kept.builder.execute(statement).read_all())


def _opened(tables: dict[str, DeltaTable]) -> _Open:
    builder = QueryBuilder()
    for name, table in tables.items():
        builder = builder.register(name, table)
    kept = _Open(tables, builder)
    if {"detections", "publications"} <= set(tables):
        sql = with_views("SELECT DISTINCT w.day FROM live_hours w")
        found = pa.table(builder.execute(sql).read_all()).to_pylist()
        kept.live_days = tuple(sorted(one["day"] for one in found))
    return kept
