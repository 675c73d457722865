"""The report's bar of filters; each control's id ends with the word that the address has for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dash_mantine_components as dmc
from dash import html

from dashboards.report.query import AXES, BUCKETS, MEASURES, ReportQuery
from dashboards.ui.controls import CLEAR, choice, names, zone_choice
from dashboards.ui.filters import PERIODS
from lake.contracts.wire_format import STORED_SCORE

PERIOD_WORDS = {
    "1h": "Last hour", "today": "Today", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days",
    "90d": "Last 90 days", "all": "All", "custom": "From … to …",
}  # fmt: skip


def bar(asked: ReportQuery, site: str) -> Any:
    """All controls, set as the address says."""
    filters = asked.filters
    return html.Div(
        [
            names("report", "camera", "Cameras", filters.cameras),
            names("report", "label", "Labels", filters.labels),
            choice("report", "period", "Period", PERIOD_WORDS, filters.period),
            html.Div(_span(asked, site), id="report-span", style={"display": "none"}),
            choice("report", "axis", "By the clock", AXES, asked.axis),
            choice(
                "report",
                "bucket",
                "Step over time",
                {str(one): word for one, word in BUCKETS.items()},
                str(asked.bucket),
            ),
            choice("report", "measure", "Show", MEASURES, asked.measure),
            zone_choice("report", site, filters.zone),
            _threshold(filters.threshold),
        ],
        className="filters",
        role="search",
    )


def _span(asked: ReportQuery, site: str) -> list[Any]:
    zone = ZoneInfo(asked.filters.shown_in(site))
    moments = {"from": asked.filters.first, "to": asked.filters.last}
    return [
        dmc.DateTimePicker(
            id=f"report-{word}",
            label=word.capitalize(),
            value=_picked(at, zone),
            clearable=True,
            clearButtonProps=CLEAR,
        )
        for word, at in moments.items()
    ]


def _picked(at: datetime | None, zone: ZoneInfo) -> str | None:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else None


def _threshold(chosen: float) -> Any:
    slider = dmc.Slider(
        id="report-threshold", min=STORED_SCORE, max=1, step=0.05, value=chosen, precision=2,
        updatemode="mouseup",
        marks=[{"value": mark, "label": f"{mark:g}"} for mark in (0.2, 0.4, 0.6, 0.8, 1)],
        thumbLabel="Least score",
    )  # fmt: skip
    label = html.Div("Least score, in steps of 0.05", className="label")
    return html.Div([label, slider], className="threshold")


assert set(PERIOD_WORDS) == {*PERIODS, "today", "custom"}
