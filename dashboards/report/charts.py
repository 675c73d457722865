"""The charts of the report: to add one, write what draws it and give it a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dashboards.data.report_counts import Counts
from dashboards.report import figures as report_figures
from dashboards.report.figures import Figure
from dashboards.report.query import ReportQuery


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart.

    Attributes:
        id: its word in the page and for `assets/report.js`.
        title: for people.
        build: draws it from counts, a query and the name of the zone in which times are shown.
        opens_rows: whether a click on it opens the rows behind; `assets/report.js` says which.
    """

    id: str
    title: str
    build: Callable[[Counts, ReportQuery, str], Figure]
    opens_rows: bool = False


def _without_zone(
    build: Callable[[Counts, ReportQuery], Figure],
) -> Callable[[Counts, ReportQuery, str], Figure]:
    """What draws a chart that shows no times."""
    return lambda counts, query, _zone: build(counts, query)


CHARTS: Final = (
    Chart("timeline", "Over time", report_figures.timeline, opens_rows=True),
    Chart("coverage", "How much was seen, and what is published", report_figures.coverage),
    Chart("histogram", "By the clock", report_figures.histogram, opens_rows=True),
    Chart("donut", "Labels", _without_zone(report_figures.donut), opens_rows=True),
    Chart("week", "Weekday and hour", report_figures.week),
    Chart("sectors", "Sectors of the picture", _without_zone(report_figures.sectors), opens_rows=True),
    Chart("cells", "Positions in the picture", _without_zone(report_figures.cells)),
)
"""In the order of the page."""
