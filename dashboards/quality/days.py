"""The trend: checks and hours by day of the zone shown. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from dashboards.data.quality_history import Quality
from dashboards.report.figures import GRID, STATES

COLUMNS: Final = ("Passed", "Warned", "Failed", "Hours published", "Held", "Open")
CHECKS: Final = (("failed", "#d55e00", "x"), ("warned", "#e69f00", "/"))
HOURS: Final = (
    ("published", STATES["published"], ""),
    ("open", "#999999", "."),
    ("held", STATES["held"], "x"),
)
"""State, colour, and pattern for those who do not tell colours apart."""
PATTERN: Final = {"fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.7, "solidity": 0.2, "size": 7}
LEGEND: Final = {
    "orientation": "h", "traceorder": "normal", "xref": "container", "x": 0, "yref": "container", "y": 1,
    "yanchor": "top",
}  # fmt: skip
Figure = dict[str, Any]


@dataclass(slots=True)
class Day:
    """Checks that passed, warned and failed, and hours of cameras by state, on one day of the zone."""

    day: date
    passed: int = 0
    warned: int = 0
    failed: int = 0
    published: int = 0
    held: int = 0
    open: int = 0

    @property
    def all(self) -> tuple[int, ...]:
        """The numbers in the order of COLUMNS."""
        return self.passed, self.warned, self.failed, self.published, self.held, self.open


def by_day(found: Quality, edges: Sequence[datetime], zone: str) -> list[Day]:
    """Every day between the edges, oldest first, also those without any check; no column lies in two."""
    of_column = [edge.astimezone(ZoneInfo(zone)).date() for edge in edges[:-1]]
    days = {day: Day(day) for day in of_column}
    for checks in found.checks:
        day = days[of_column[checks.column]]
        day.passed, day.warned = day.passed + checks.passed, day.warned + checks.warned
        day.failed += checks.failed
    for column, state, number in found.decided:
        day = days[of_column[column]]
        setattr(day, state, getattr(day, state) + number)
    return [*days.values()]


def checks_by_day(days: Sequence[Day]) -> Figure:
    """Checks that fell short, which passed ones would hide; how many were run is told on hover."""
    run = [day.passed + day.warned + day.failed for day in days]
    return _bars(days, CHECKS, "%{y} %{data.name} of %{customdata:,} checks", run)


def hours_by_day(days: Sequence[Day]) -> Figure:
    """Hours of cameras by state."""
    total = [day.published + day.held + day.open for day in days]
    return _bars(days, HOURS, "%{y} %{data.name} of %{customdata:,} hours", total)


def _bars(days: Sequence[Day], states: Sequence[tuple[str, str, str]], said: str, total: list[int]) -> Figure:
    names = [f"{day.day:%d %b}" for day in days]
    data = [
        {
            "type": "bar", "name": state, "x": names, "y": [getattr(day, state) for day in days],
            "customdata": total, "hovertemplate": "%{x}: " + said + "<extra></extra>",
            "marker": {"color": colour, "pattern": PATTERN | {"shape": shape}},
        }
        for state, colour, shape in states
    ]  # fmt: skip
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "automargin": True}
    layout: Figure = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 48, "r": 12, "t": 36, "b": 40},
        "font": {"family": "inherit", "size": 13},
        "barmode": "stack",
        "xaxis": axis | {"type": "category", "nticks": 10, "tickangle": 0},
        "yaxis": axis | {"rangemode": "tozero"},
        "legend": LEGEND,
        "showlegend": True,
    }
    if not any(sum(trace["y"]) for trace in data):
        layout["annotations"] = [_nothing(sum(total))]
        layout["yaxis"] |= {"range": [0, 1], "showticklabels": False}
    return {"data": data, "layout": layout}


def _nothing(total: int) -> Figure:
    said = f"None of {total:,} checks fell short" if total else "Nothing in this period"
    return {"text": said, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
