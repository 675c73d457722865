"""The report's charts as Plotly's own plain dictionaries. Pure functions of counts.

A name that was sent by a camera or a model is drawn as text: Plotly reads some tags in text, so that every
name is escaped first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from html import escape
from itertools import pairwise
from typing import Any, Final

import numpy as np

from dashboards.data.report_counts import Counts, Ints
from dashboards.data.report_days import HEIGHTS, SIDES
from dashboards.report.query import AXES, MEASURES, ReportQuery
from dashboards.report.series import (
    RECURRING,
    WEEKDAYS,
    by_bucket,
    clocks,
    edges,
    gathered,
    local_minutes,
    minutes_of,
    names_of,
    place_of,
    range_of,
    rates,
)
from lake.views.counting import CELL_COLUMNS, CELL_ROWS

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


def _series(by_label: Mapping[str, Ints], counts: Counts) -> list[tuple[str, str, Ints]]:
    """Name, label to look for and numbers of the most frequent labels, and of the others together."""
    names = list(counts.labels)
    most = len(PALETTE) - 1
    found = [(escape(name), name, by_label[name]) for name in names[:most]]
    if names[most:]:
        found.append((OTHERS, "", _sum(by_label[name] for name in names[most:])))
    return found


def _sum(numbers: Iterable[Ints]) -> Ints:
    total: Ints = np.sum([*numbers], axis=0, dtype=np.int64)
    return total


def _measured(objects: Ints, frames: Ints, measure: str) -> list[Any]:
    return rates(objects, frames) if measure == "rate" else objects.tolist()


def timeline(counts: Counts, query: ReportQuery, zone: str) -> Figure:
    """Objects over time, by label; a gap where no frame was analysed."""
    starts = counts.asked.starts
    local = local_minutes(starts, zone)
    begins = edges(starts, local, query.fitting_bucket(counts.asked.minutes))
    times = clocks(local[begins])
    spans = _spans(counts, begins)
    frames = by_bucket(counts.frames, begins)
    data = [
        {
            "type": "bar", "name": name, "x": times, "meta": {"label": label},
            "y": _measured(by_bucket(steps, begins), frames, query.measure),
            "marker": {"color": colour},
            "hovertemplate": "%{x}<br>%{y}<extra>" + name + "</extra>",
        }
        for (name, label, steps), colour in zip(_series(counts.by_label, counts), PALETTE, strict=False)
    ]  # fmt: skip
    axes = {"xaxis": _time_axis(counts, zone), "yaxis": {"title": {"text": MEASURES[query.measure]}}}
    return {"data": data, "layout": _layout(counts, query, barmode="stack", meta={"spans": spans}, **axes)}


def _time_axis(counts: Counts, zone: str) -> Figure:
    last = counts.asked.first_minute + counts.asked.minutes - 1
    begin, end = local_minutes(np.array([counts.asked.first_minute, last]), zone)
    return {"type": "date", "range": clocks(np.array([begin, end + 1]))}


def _spans(counts: Counts, begins: Ints) -> list[list[str]]:
    end = counts.asked.first_minute + counts.asked.minutes
    edges = [f"{at}Z" for at in clocks(np.append(counts.asked.starts[begins], end))]
    return [list(pair) for pair in pairwise(edges)]


def histogram(counts: Counts, query: ReportQuery, zone: str) -> Figure:
    """Objects by the axis asked for, by label."""
    names, frames, by_label = _on_axis(counts, query.axis, zone)
    parts = [f"{query.axis}:{number}" for number in range(len(names))] if query.axis in RECURRING else []
    data = [
        {
            "type": "bar", "name": name, "x": names, "meta": {"label": label},
            "y": _measured(objects, frames, query.measure),
            "marker": {"color": colour},
            "hovertemplate": "%{x}: %{y}<extra>" + name + "</extra>",
        }
        for (name, label, objects), colour in zip(_series(by_label, counts), PALETTE, strict=False)
    ]  # fmt: skip
    axes = {
        "xaxis": {"type": "category", "title": {"text": AXES[query.axis]}, "categoryarray": names},
        "yaxis": {"title": {"text": MEASURES[query.measure]}},
    }
    return {"data": data, "layout": _layout(counts, query, barmode="stack", meta={"parts": parts}, **axes)}


def _on_axis(counts: Counts, axis: str, zone: str) -> tuple[list[str], Ints, dict[str, Ints]]:
    """Names of an axis's places, frames by place, and objects by label and place."""
    starts = counts.asked.starts
    local = local_minutes(starts, zone)
    if axis == "minute" and counts.asked.step > 1:
        ahead = int(local[0] - starts[0]) % 60
        shifted = {label: np.roll(minutes, ahead) for label, minutes in counts.by_minute.items()}
        return names_of(0, 60, axis), np.roll(counts.frames_by_minute, ahead), shifted
    places = place_of(local, axis)
    first, count = range_of(places, axis)
    by_label = {label: gathered(steps, places, first, count) for label, steps in counts.by_label.items()}
    return names_of(first, count, axis), gathered(counts.frames, places, first, count), by_label


def donut(counts: Counts, query: ReportQuery) -> Figure:
    """Shares of the labels."""
    found = [(name, label, int(steps.sum())) for name, label, steps in _series(counts.by_label, counts)]
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
    local = local_minutes(counts.asked.starts, zone)
    places = place_of(local, "weekday") * 24 + place_of(local, "hour")
    every = _sum([np.zeros_like(counts.frames), *counts.by_label.values()])
    objects = gathered(every, places, 0, 168)
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
    data = [_state_bars(counts, state, zone, cameras) for state in STATES]
    axes = {"xaxis": _time_axis(counts, zone), "yaxis": {"tickformat": ".0%", "range": [0, 1]}}
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
        "type": "bar", "name": state, "x": clocks(local_minutes(minutes_of(list(seen)), zone)),
        "y": list(seen.values()), "offset": 0,
        "width": HOUR // timedelta(milliseconds=1), "marker": {"color": STATES[state]},
        "hovertemplate": "%{x}: %{y:.0%} seen<extra>" + state + "</extra>",
    }  # fmt: skip
