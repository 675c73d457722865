"""Questions for objects, and the SQL that asks them of the views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from lake.live import RESENT_WITHIN_DAYS
from lake.sql_words import days_between
from lake.view import names_needed
from lake.views import VIEWS, with_views

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
MOST_DAYS: Final = 400
ARRIVING: Final = ("detections", "frames")
"""Tables of which live hours are read."""
DECISIONS: Final = "publications"


@dataclass(frozen=True, slots=True)
class Question:
    """Which objects, and in which order.

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
        """Whether rows come in the order of time, oldest or newest first."""
        return not self.order or self.order[0][0] in ("observed_at", "day")

    @property
    def falling(self) -> bool:
        """Whether the newest come first."""
        return self.order[0][1] if self.order else True


def of_live_days(sql: str, live_days: list[date], asked: str = "TRUE") -> str:
    """A statement and the views it names; only live hours of these days are looked at.

    Args:
        sql: the statement.
        live_days: UTC.
        asked: condition on the days, alias `t`, of all hours that it asks for; decisions about others are not
            read.
    """
    days = ", ".join(f"DATE '{day.isoformat()}'" for day in live_days)
    live = f"w.day IN ({days})" if days else "FALSE"
    named = names_needed(sql, (*ARRIVING, DECISIONS), VIEWS)
    instead: dict[str, str] = {name: _near(name, live_days) for name in ARRIVING if name in named}
    if DECISIONS in named:
        instead[DECISIONS] = f"SELECT t.* FROM {DECISIONS} t WHERE {asked}"
    return with_views(sql, live, instead)


def days_near(days: list[date]) -> list[date]:
    """Days on which a frame of these days may have been sent again."""
    away = [timedelta(days=number) for number in range(-RESENT_WITHIN_DAYS, RESENT_WITHIN_DAYS + 1)]
    return sorted({one + by for one in days for by in away})


def _near(table: str, days: list[date]) -> str:
    """Stands for the table in the views: files of other days are left out before anything is read.

    A join does not do that: the engine does not know its days when it plans.
    """
    near = ", ".join(f"DATE '{day.isoformat()}'" for day in days_near(days))
    return f"SELECT t.* FROM {table} t WHERE {f't.day IN ({near})' if near else 'FALSE'}"


def where_of(question: Question) -> str:
    """The condition on days and columns. Braces would be taken for a place to fill in."""
    said = question.where.replace("{", "{{").replace("}", "}}")
    return f"{days_between('v', question.first, question.last)} AND ({said})"


def order_of(question: Question) -> str:
    """The order. Always down to the object, so that no row stands on two pages."""
    named = [name for name, _ in question.order]
    asked = [*question.order]
    asked += [(name, question.falling) for name in ("observed_at", "frame_id") if name not in named]
    asked += [("object_number", False)] if "object_number" not in named else []
    return ", ".join(f"v.{name} {'DESC' if falling else 'ASC'}" for name, falling in asked if name in COLUMNS)
