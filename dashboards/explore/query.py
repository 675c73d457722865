"""What the address of the exploring page asks for: hostile, checked into one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from dashboards.data.provenance import FRAME_ID
from dashboards.explore.grid_model import GridModel, GridModelError
from dashboards.ui.filters import Filters
from lake.serving.questions import MAX_DAYS, Question


@dataclass(frozen=True, slots=True)
class ExploreQuery:
    """Filters of all pages, the grid's own, and the frame whose drawer stands open.

    Attributes:
        frame: its id; empty when the drawer is closed.
        on: UTC day of the frame, where the address says it.
        note: what of the address could not be used; empty when all could.
    """

    filters: Filters
    grid: GridModel
    frame: str = ""
    on: date | None = None
    note: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Check the names and values of an address.

        Raises:
            FilterError: a filter that no page knows.
        """
        grid, note = GridModel(), ""
        try:
            grid = GridModel.from_text(query.get("grid", ""))
        except GridModelError as error:
            note = f"The grid's own filters were dropped: {error}."
        frame = query.get("frame", "")
        if frame and not FRAME_ID.fullmatch(frame):
            frame, note = "", "The frame in the address is no frame's id; it was dropped."
        return cls(Filters.from_query(query), grid, frame, _day(query.get("on", "")), note)

    def days(self, now: datetime) -> tuple[date, date]:
        """First and last UTC day, both included, at most MOST_DAYS, the newest of more."""
        first, end = self.filters.span(now)
        last = (end - timedelta(microseconds=1)).date()
        return max(first.date(), last - timedelta(days=MAX_DAYS - 1)), last

    def question(self, now: datetime, site: str) -> Question:
        """For the lake; `site` is the site's time zone."""
        first, last = self.days(now)
        where = f"({self.filters.where(now, site)}) AND ({self.grid.where()})"
        return Question(first, last, where, self.grid.order, self.filters.threshold)


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said) if len(said) == 10 else None
    except ValueError:
        return None
