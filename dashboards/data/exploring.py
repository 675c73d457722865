"""Single objects, a page at a time, out of millions: read without a JVM and without loading them.

Tables are kept open between questions and opened anew where one has another version. Days are counted once
for each question, and again where their files are others; in the order of time a page is then looked for in
its own days alone, so that page 10,000 costs what the first one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa

from dashboards.data.day_counts import DayCounts
from lake.config.lake_location import LakeLocation
from lake.serving.open_tables import OpenTables, TableSnapshot
from lake.serving.questions import Question, of_live_hours, order_of, where_of
from lake.storage.reader import LakeUnreadableError
from lake.storage.sql_literals import days_between

MAX_ROWS: Final = 500
DEEPEST: Final = 100_000
"""Rows that another order than that of time may be followed to; beyond, filters find more than scrolling."""
MAX_BATCH: Final = 200_000
"""Objects of a day, all of which are held in memory to be counted and put in order at once."""
NAMES: Final = ("detections", "frames", "published_objects", "publications", "detector_runs")

OF_OBJECTS: Final = ("published_objects", "publications", "detections")


class TooDeepError(IndexError):
    """A page lies too deep in an order that is not that of time."""


class Explorer:
    """Queries the lake for objects.

    Args:
        root: root folder of the tables.
        clock: the time now, UTC.
    """

    def __init__(self, root: LakeLocation, clock: Callable[[], datetime]) -> None:
        self._tables = OpenTables(root, clock, NAMES)
        self._counts = DayCounts()
        self._newest: tuple[TableSnapshot, Question, pa.Table] | None = None

    def start(self) -> None:
        """Do nothing: tables are opened by the first question."""

    def stop(self) -> None:
        """Do nothing: nothing runs between questions."""

    def health(self) -> dict[str, str]:
        """Return the health for `/healthz`."""
        try:
            opened = self._tables.now()
        except LakeUnreadableError as error:
            return {"state": "error", "sentence": f"the lake cannot be read: {error}"}
        days = opened.live_days
        if not {"published_objects", "detections"} & set(opened.tables):
            return {"state": "empty", "sentence": "the lake has no tables yet"}
        return {"state": "ok", "sentence": f"{len(days)} days hold live objects"}

    def count(self, question: Question) -> int:
        """Return the number of objects."""
        return sum(self.count_by_day(question).values())

    def count_by_day(self, question: Question) -> dict[date, int]:
        """Count objects on each UTC day that has some; a day is recounted when its files change."""
        opened = self._tables.now()
        newest_first = order_of(question) == order_of(replace(question, order=()))

        def count(part: Question, before: Mapping[date, int]) -> dict[date, int]:
            few = part.first == part.last and 0 < before.get(part.first, 0) <= MAX_BATCH
            return (self._count_with_rows if few and newest_first else self._count)(opened, part)

        return self._counts.of(replace(question, order=()), opened, count)

    def _count_with_rows(self, opened: TableSnapshot, part: Question) -> dict[date, int]:
        """Count one day and keep its newest rows, with which the page most often begins."""
        sql = (
            f"SELECT v.*, count(*) OVER () AS n FROM objects v WHERE {where_of(part)} "
            f"ORDER BY {order_of(part)} LIMIT {MAX_ROWS}"
        )
        rows = self._ask(opened, sql, part)
        self._newest = opened, part, rows.drop_columns(["n"])
        return {part.first: rows["n"][0].as_py()} if rows.num_rows else {}

    def _count(self, opened: TableSnapshot, part: Question) -> dict[date, int]:
        # Not by v.day: its comment differs from table to table, and DataFusion refuses to group by it.
        day = "to_date(v.observed_at)"
        sql = f"SELECT {day} AS day, count(*) AS n FROM objects v WHERE {where_of(part)} GROUP BY {day}"
        return {row["day"]: row["n"] for row in self._ask(opened, sql, part).to_pylist()}

    def rows(self, question: Question, start: int, end: int) -> pa.Table:
        """Return rows `start` up to, not including, `end`, at most MAX_ROWS, with all columns.

        Raises:
            TooDeepError: in another order than that of time, over DEEPEST.
        """
        start, end = max(0, start), min(end, max(0, start) + MAX_ROWS)
        if question.by_time:
            question, start, end = self._nearer(question, start, end)
            if (newest := self._among_newest(question, end)) is not None:
                return newest.slice(start, max(0, end - start))
        elif end > DEEPEST:
            raise TooDeepError(f"row {end} in this order lies beyond {DEEPEST}: filter, or sort by time")
        sql = (
            f"SELECT v.* FROM objects v WHERE {where_of(question)} "
            f"ORDER BY {order_of(question)} LIMIT {max(0, end - start)} OFFSET {start}"
        )
        return self._ask(self._tables.now(), sql, question)

    def batches(self, question: Question, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield columns of all rows of the answer, in batches, in the order of time."""
        opened = self._tables.now()
        if opened.has(*OF_OBJECTS):
            named = ", ".join(f"v.{column}" for column in columns)
            sql = f"SELECT {named} FROM objects v WHERE {where_of(question)} ORDER BY {order_of(question)}"
            yield from opened.batches(self._statement(opened, sql, question))

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Return rows of a query over tables that are kept open; views are not available here."""
        rows: list[dict[str, Any]] = self._tables.now().ask(sql).to_pylist()
        return rows

    def version(self, name: str) -> int | None:
        """Return the open version of a table, or None if there is no such table."""
        table = self._tables.now().tables.get(name)
        return None if table is None else int(table.version())

    def has(self, *names: str) -> bool:
        """Return whether all these tables exist."""
        return self._tables.now().has(*names)

    def _among_newest(self, question: Question, end: int) -> pa.Table | None:
        """Return the newest rows of the question if they were read with its count and reach `end`."""
        if self._newest is None:
            return None
        opened, part, rows = self._newest
        same = part == replace(question, order=()) and order_of(question) == order_of(part)
        return rows if same and end <= rows.num_rows and opened is self._tables.now() else None

    def _nearer(self, question: Question, start: int, end: int) -> tuple[Question, int, int]:
        """Restrict the question to the days of the page, and adjust its rows."""
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

    def _ask(self, opened: TableSnapshot, sql: str, question: Question) -> pa.Table:
        if not opened.has(*OF_OBJECTS):
            return pa.table({})
        return opened.ask(self._statement(opened, sql, question))

    def _statement(self, opened: TableSnapshot, sql: str, question: Question) -> str:
        live = [hour for hour in opened.live_hours if question.first <= hour[0] <= question.last]
        days_condition = days_between("t", question.first, question.last)
        return of_live_hours(sql, live, days_condition).format(threshold=f"{question.threshold:f}")
