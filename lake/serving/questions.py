"""Queries for objects, and their SQL over the views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from lake.contracts.camera_hour import days_near
from lake.contracts.wire_format import rfc3339
from lake.storage.sql_literals import days_between, quoted
from lake.views.all_views import VIEWS, with_views
from lake.views.live_views import LIVE_HOURS, LiveHour
from lake.views.view import names_needed

COLUMNS: Final = {
    "observed_at": "moment",
    "camera_id": "text",
    "label": "text",
    "score": "number",
    "sector_v": "text",
    "sector_h": "text",
    "state": "text",
    "layer": "text",
    "frame_id": "text",
    "object_number": "number",
    "run_id": "text",
    "topic_id": "text",
    "partition": "number",
    "offset": "number",
    "day": "day",
}
"""Columns that may be shown, sorted and filtered, and what they hold."""
MAX_DAYS: Final = 400
MAX_NAMES: Final = 20_000
"""Live hours that a statement names; of more it asks the view. The objects of two live hours of 1,000 cameras
took 12 s and 1.6 GB when they were named, 93 s and 10 GB when the view was asked."""
ARRIVING: Final = ("detections", "frames")
"""Tables of which live hours are read."""
DECISIONS: Final = "publications"


@dataclass(frozen=True, slots=True)
class Question:
    """Filter and order of the objects to query.

    Attributes:
        first, last: UTC days, both included.
        where: SQL condition on COLUMNS of the view, each with the alias `v`, or without.
        order: columns of COLUMNS, each with whether it falls.
        threshold: 0..1, least score.
    """

    first: date
    last: date
    where: str
    order: tuple[tuple[str, bool], ...]
    threshold: float

    @property
    def by_time(self) -> bool:
        """Return whether rows are in order of time, oldest or newest first."""
        return not self.order or self.order[0][0] in ("observed_at", "day")

    @property
    def falling(self) -> bool:
        """Return whether the newest come first."""
        return self.order[0][1] if self.order else True


def of_live_hours(sql: str, hours: Sequence[LiveHour], days_condition: str = "TRUE") -> str:
    """Return a statement with its views, restricted to these live hours.

    Args:
        sql: the statement.
        hours: all live hours of some days.
        days_condition: condition on the days, alias `t`, of all hours that it asks for; decisions about
            others are not read.
    """
    days = sorted({day for day, _, _ in hours})
    live = f"w.day IN ({', '.join(map(_date, days))})" if days else "FALSE"
    named = names_needed(sql, (*ARRIVING, DECISIONS), VIEWS)
    instead: dict[str, str] = {name: _near(name, days) for name in ARRIVING if name in named}
    if LIVE_HOURS.name in named and 0 < len(hours) <= MAX_NAMES:
        instead[LIVE_HOURS.name] = _named(hours)
    if DECISIONS in named:
        instead[DECISIONS] = f"SELECT t.* FROM {DECISIONS} t WHERE {days_condition}"
    return with_views(sql, live, instead)


def _named(hours: Sequence[LiveHour]) -> str:
    """Return the live hours as literals in place of their view, which is then evaluated only once."""
    rows = ", ".join(f"({_date(day)}, '{rfc3339(hour)}', {quoted(camera)})" for day, hour, camera in hours)
    hour = "arrow_cast(n.column2, 'Timestamp(Microsecond, Some(\"UTC\"))')"
    braces = rows.replace("{", "{{").replace("}", "}}")
    return f"SELECT n.column1 AS day, {hour} AS hour, n.column3 AS camera_id FROM (VALUES {braces}) n"


def _date(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def _near(table: str, days: list[date]) -> str:
    """Return a subquery in place of a table, so that files of other days are skipped before reading.

    A join does not do that: the engine does not know its days when it plans.
    """
    near = ", ".join(map(_date, days_near(days)))
    return f"SELECT t.* FROM {table} t WHERE {f't.day IN ({near})' if near else 'FALSE'}"


def where_of(question: Question) -> str:
    """Return the condition on days and columns; braces are doubled, as they mark placeholders."""
    condition = question.where.replace("{", "{{").replace("}", "}}")
    return f"{days_between('v', question.first, question.last)} AND ({condition})"


def order_of(question: Question) -> str:
    """Return the order, always down to the object, so that no row is on two pages."""
    named = [name for name, _ in question.order]
    order = [*question.order]
    order += [(name, question.falling) for name in ("observed_at", "frame_id") if name not in named]
    order += [("object_number", False)] if "object_number" not in named else []
    return ", ".join(f"v.{name} {'DESC' if falling else 'ASC'}" for name, falling in order if name in COLUMNS)
