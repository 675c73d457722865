"""The report's charts as Plotly's own plain dictionaries. Pure functions of counts.

A name that was sent by a camera or a model is drawn as text: Plotly reads some tags in text, so that every
name is escaped first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from html import escape
from itertools import pairwise
from typing import Any, Final

import numpy as np

from dashboards.data.report_counts import MINUTE, Counts, Ints
from dashboards.data.report_days import CELL_COLUMNS, CELL_ROWS, HEIGHTS, SIDES
from dashboards.report.query import AXES, MEASURES, ReportQuery
from dashboards.report.series import (
    EPOCH,
    RECURRING,
    WEEKDAYS,
    by_bucket,
    clocks,
    edges,
    gathered,
    local_minutes,
    local_times,
    names_of,
    place_of,
    range_of,
    rates,
)

Figure = dict[str, Any]
PALETTE: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#999999")
"""Okabe and Ito's colours, which people who see colours differently tell apart; grey is for the rest."""
STATES: Final = {"published": "#009e73", "live": "#56b4e9", "held": "#d55e00"}
SCALE: Final = [[0, "#e8f1f8"], [1, "#0072b2"]]
GRID: Final = "rgba(128,128,128,0.25)"
TILES: Final = {"type": "category", "showgrid": False}
OTHERS: Final = "others"
HOUR: Final = timedelta(hours=1)


def _layout(counts: Counts, query: ReportQuery, **more: Any) -> Figure:
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "automargin": True}
    layout: Figure = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 48, "r": 12, "t": 28, "b": 40},
        "font": {"family": "inherit", "size": 13},
        "uirevision": query.to_query(),
        "xaxis": dict(axis),
        "yaxis": axis | {"rangemode": "tozero"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "bargap": 0.05,
    }
    if not counts.objects and "bargap" not in more:
        layout["annotations"] = [_nothing(counts)]
    for name, value in more.items():
        layout[name] = layout.get(name, {}) | value if isinstance(value, dict) else value
    return layout


def _nothing(counts: Counts) -> Figure:
    said = f"No objects on {counts.analysed:,} frames" if counts.analysed else "No frames"
    return {"text": said, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}


def _series(counts: Counts) -> list[tuple[str, str, Ints]]:
    """Name, label to look for and minutes of the most frequent labels, and of the others together."""
    names = list(counts.labels)
    most = len(PALETTE) - 1
    found = [(escape(name), name, counts.by_label[name]) for name in names[:most]]
    if names[most:]:
        found.append((OTHERS, "", _sum(counts, names[most:])))
    return found


def _sum(counts: Counts, labels: Iterable[str]) -> Ints:
    total = np.zeros_like(counts.frames)
    for label in labels:
        total += counts.by_label[label]
    return total


def _measured(objects: Ints, frames: Ints, measure: str) -> list[Any]:
    return rates(objects, frames) if measure == "rate" else objects.tolist()


def timeline(counts: Counts, query: ReportQuery, zone: str) -> Figure:
    """Objects over time, by label; a gap where no frame was analysed."""
    local = local_minutes(counts.asked, zone)
    begins = edges(counts.asked, local, query.fitting_bucket(counts.asked.minutes))
    times = clocks(local[begins])
    spans = _spans(counts, begins)
    frames = by_bucket(counts.frames, begins)
    data = [
        {
            "type": "bar", "name": name, "x": times, "meta": {"label": label},
            "y": _measured(by_bucket(minutes, begins), frames, query.measure),
            "marker": {"color": colour},
            "hovertemplate": "%{x}<br>%{y}<extra>" + name + "</extra>",
        }
        for (name, label, minutes), colour in zip(_series(counts), PALETTE, strict=False)
    ]  # fmt: skip
    axes = {"xaxis": _time_axis(local), "yaxis": {"title": {"text": MEASURES[query.measure]}}}
    return {"data": data, "layout": _layout(counts, query, barmode="stack", meta={"spans": spans}, **axes)}


def _time_axis(local: Ints) -> Figure:
    return {"type": "date", "range": clocks(np.array([local[0], local[-1] + 1]))}


def _spans(counts: Counts, begins: Ints) -> list[list[str]]:
    first = (counts.asked.first - EPOCH) // MINUTE
    edges = [f"{at}Z" for at in clocks(first + np.append(begins, counts.asked.minutes))]
    return [list(pair) for pair in pairwise(edges)]


def histogram(counts: Counts, query: ReportQuery, zone: str) -> Figure:
    """Objects by the axis asked for, by label."""
    local = local_minutes(counts.asked, zone)
    places = place_of(local, query.axis)
    first, count = range_of(places, query.axis)
    names = names_of(first, count, query.axis)
    frames = gathered(counts.frames, places, first, count)
    parts = [f"{query.axis}:{number}" for number in range(count)] if query.axis in RECURRING else []
    data = [
        {
            "type": "bar", "name": name, "x": names, "meta": {"label": label},
            "y": _measured(gathered(minutes, places, first, count), frames, query.measure),
            "marker": {"color": colour},
            "hovertemplate": "%{x}: %{y}<extra>" + name + "</extra>",
        }
        for (name, label, minutes), colour in zip(_series(counts), PALETTE, strict=False)
    ]  # fmt: skip
    axes = {
        "xaxis": {"type": "category", "title": {"text": AXES[query.axis]}, "categoryarray": names},
        "yaxis": {"title": {"text": MEASURES[query.measure]}},
    }
    return {"data": data, "layout": _layout(counts, query, barmode="stack", meta={"parts": parts}, **axes)}


def donut(counts: Counts, query: ReportQuery) -> Figure:
    """Shares of the labels."""
    found = [(name, label, int(minutes.sum())) for name, label, minutes in _series(counts)]
    pie = {
        "type": "pie", "hole": 0.55, "sort": False, "direction": "clockwise",
        "labels": [name for name, _, _ in found], "values": [number for _, _, number in found],
        "marker": {"colors": list(PALETTE)},
        "textinfo": "percent", "textposition": "inside", "hovertemplate": "%{label}: %{value}<extra></extra>",
    }  # fmt: skip
    labels = {"labels": [label for _, label, _ in found]}
    return {"data": [pie], "layout": _layout(counts, query, meta=labels)}


def week(counts: Counts, query: ReportQuery, zone: str) -> Figure:
    """Weekday by hour; a cell without frames is left empty."""
    local = local_minutes(counts.asked, zone)
    places = place_of(local, "weekday") * 24 + place_of(local, "hour")
    objects = gathered(_sum(counts, counts.labels), places, 0, 168)
    frames = gathered(counts.frames, places, 0, 168)
    values = _measured(objects, frames, query.measure)
    shown = [
        value if frame or seen else None for value, frame, seen in zip(values, frames, objects, strict=True)
    ]
    heat = {
        "type": "heatmap", "x": names_of(0, 24, "hour"), "y": list(WEEKDAYS), "colorscale": SCALE,
        "z": [shown[day * 24 : day * 24 + 24] for day in range(7)], "xgap": 1, "ygap": 1, "zmin": 0,
        "hovertemplate": "%{y} %{x}:00: %{z}<extra></extra>",
    }  # fmt: skip
    axes = {"xaxis": TILES, "yaxis": TILES | {"autorange": "reversed"}}
    return {"data": [heat], "layout": _layout(counts, query, **axes)}


def sectors(counts: Counts, query: ReportQuery) -> Figure:
    """Objects by sector of the picture."""
    return _map(counts, counts.sectors, query, SIDES, HEIGHTS, texttemplate="%{z}")


def cells(counts: Counts, query: ReportQuery) -> Figure:
    """Objects by the place of their centre, as in the picture."""
    columns = [f"{100 * (one + 0.5) / CELL_COLUMNS:.0f} %" for one in range(CELL_COLUMNS)]
    rows = [f"{100 * (one + 0.5) / CELL_ROWS:.0f} %" for one in range(CELL_ROWS)]
    figure = _map(counts, counts.cells, query, columns, rows)
    figure["layout"]["xaxis"] |= {"nticks": 5}
    figure["layout"]["yaxis"] |= {"nticks": 5}
    return figure


def _map(
    counts: Counts, tiles: Ints, query: ReportQuery, x: Sequence[str], y: Sequence[str], **more: Any
) -> Figure:
    heat = {
        "type": "heatmap", "z": tiles.tolist(), "x": list(x), "y": list(y), "colorscale": SCALE,
        "xgap": 1, "ygap": 1, "zmin": 0, "zmax": max(1, int(tiles.max())),
    }  # fmt: skip
    axes = {"xaxis": TILES, "yaxis": TILES | {"autorange": "reversed"}}
    words = {"hovertemplate": "%{y}, %{x}: %{z}<extra></extra>"}
    return {"data": [heat | words | more], "layout": _layout(counts, query, **axes)}


def coverage(counts: Counts, query: ReportQuery, zone: str) -> Figure:
    """How much of each hour was seen, and whether it is published, live or held."""
    cameras = len({one.camera for one in counts.hours}) or 1
    local = local_minutes(counts.asked, zone)
    data = [_state_bars(counts, state, zone, cameras) for state in STATES]
    axes = {"xaxis": _time_axis(local), "yaxis": {"tickformat": ".0%", "range": [0, 1]}}
    return {
        "data": data,
        "layout": _layout(counts, query, barmode="stack", bargap=0, showlegend=True, **axes),
    }


def _state_bars(counts: Counts, state: str, zone: str, cameras: int) -> Figure:
    """Seconds seen of all cameras' hours; a held hour that was never published is marked at full height."""
    seen: dict[Any, float] = {}
    for one in counts.hours:
        if one.state == state:
            share = one.seconds_observed / 3600 if one.analysed or state != "held" else 1
            seen[one.hour] = seen.get(one.hour, 0) + share / cameras
    return {
        "type": "bar", "name": state, "x": clocks(local_times(list(seen), zone)),
        "y": list(seen.values()), "offset": 0,
        "width": HOUR // timedelta(milliseconds=1), "marker": {"color": STATES[state]},
        "hovertemplate": "%{x}: %{y:.0%} seen<extra>" + state + "</extra>",
    }  # fmt: skip
