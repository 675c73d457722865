"""The pipeline page's charts as Plotly's own plain dictionaries. Pure functions of minutes.

A minute in which no micro-batch ran is a gap and not zero: nothing is known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from html import escape
from statistics import fmean, median
from typing import Final
from zoneinfo import ZoneInfo

from dashboards.data.pipeline_facts import Minutes
from dashboards.data.stream_rates import QueryMinute
from dashboards.report.figures import GRID, PALETTE, Figure

Steps = Sequence[tuple[QueryMinute, ...]]
"""One query's minutes, for each step of a chart."""
Lines = Sequence[tuple[str, Callable[[Steps], list[float | None]], Figure]]
"""What a chart draws of each query: a word after its name, the values of all steps, how the line looks."""
SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x")
MAX_QUERIES: Final = len(SYMBOLS)
MAX_STEPS: Final = 400
STEPS: Final = (1, 5, 30, 60)
"""Minutes for which one point may stand."""
NOTHING: Final = "No micro-batch ran"


def step_of(minutes: Minutes) -> int:
    """For how many minutes each point of a chart stands."""
    length = (minutes.last - minutes.first) // timedelta(minutes=1)
    return next((step for step in STEPS if length <= step * MAX_STEPS), STEPS[-1])


def rates(minutes: Minutes, zone: ZoneInfo) -> Figure:
    """Records per minute, by query; the mean of the minutes for which a point stands."""
    lines: Lines = [("", _each(lambda ran: fmean(one.rows for one in ran)), {})]
    return _figure(minutes, zone, lines, "records")


def durations(minutes: Minutes, zone: ZoneInfo) -> Figure:
    """How long micro-batches took, by query: the median, and of the 95th percentiles the worst."""
    lines: Lines = [
        (" p50", _each(lambda ran: median(one.trigger_p50_ms for one in ran) / 1000), {}),
        (" p95", _each(lambda ran: max(one.trigger_p95_ms for one in ran) / 1000), {"dash": "dot"}),
    ]
    return _figure(minutes, zone, lines, "seconds")


def behind(minutes: Minutes, zone: ZoneInfo) -> Figure:
    """Records that waited, by query; the most of the minutes for which a point stands."""
    lines: Lines = [("", _each(lambda ran: max(one.behind for one in ran)), {})]
    return _figure(minutes, zone, lines, "records")


def _each(value: Callable[[tuple[QueryMinute, ...]], float]) -> Callable[[Steps], list[float | None]]:
    return lambda steps: [round(value(ran), 3) if ran else None for ran in steps]


def _figure(minutes: Minutes, zone: ZoneInfo, lines: Lines, title: str) -> Figure:
    starts = _starts(minutes)
    times = [_local(one, zone) for one in starts]
    queries = sorted({one.query for one in minutes.of_queries})[:MAX_QUERIES]
    data = []
    for number, query in enumerate(queries):
        steps = _steps(minutes, query, len(starts))
        data += [_line(query + word, times, value(steps), number, style) for word, value, style in lines]
    return {"data": data, "layout": _layout(times, minutes, zone, title, empty=not queries)}


def _starts(minutes: Minutes) -> list[datetime]:
    step = timedelta(minutes=step_of(minutes))
    return [minutes.first + number * step for number in range(-(-(minutes.last - minutes.first) // step))]


def _steps(minutes: Minutes, query: str, count: int) -> Steps:
    step = timedelta(minutes=step_of(minutes))
    found: list[list[QueryMinute]] = [[] for _ in range(count)]
    for one in minutes.of_queries:
        if one.query == query and minutes.first <= one.minute < minutes.last:
            found[(one.minute - minutes.first) // step].append(one)
    return [tuple(ran) for ran in found]


def _line(name: str, times: list[str], values: list[float | None], number: int, style: Figure) -> Figure:
    shown = escape(name)
    return {
        "type": "scatter", "mode": "lines+markers", "name": shown, "x": times, "y": values,
        # One entry of the legend for each query, which shows and hides both of its lines.
        "legendgroup": SYMBOLS[number], "showlegend": "dash" not in style,
        "connectgaps": False, "line": {"color": PALETTE[number], "width": 1.5, **style},
        "marker": {"size": 4, "symbol": SYMBOLS[number]},
        "hovertemplate": "%{x}<br>%{y}<extra>" + shown + "</extra>",
    }  # fmt: skip


def _layout(times: list[str], minutes: Minutes, zone: ZoneInfo, title: str, empty: bool) -> Figure:
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "automargin": True}
    span = [times[0] if times else _local(minutes.first, zone), _local(minutes.last, zone)]
    layout: Figure = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 48, "r": 12, "t": 28, "b": 40},
        "font": {"family": "inherit", "size": 13},
        "uirevision": f"{minutes.last - minutes.first} {zone.key}",
        "xaxis": axis | {"type": "date", "range": span},
        "yaxis": axis | {"rangemode": "tozero", "title": {"text": title}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "showlegend": True,
    }
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return layout | ({"annotations": [{"text": NOTHING, **place}]} if empty else {})


def _local(at: datetime, zone: ZoneInfo) -> str:
    """ISO 8601 without a zone, which is what Plotly draws."""
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"
