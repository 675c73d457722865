"""The bar of filters of the page of quality; each control's id ends with the word that the address has."""

from __future__ import annotations

from typing import Any, Final

from dash import html

from dashboards.quality.query import PERIODS, SEVERITIES, SHOWN, QualityQuery
from dashboards.ui.controls import choice, names, zone_choice

CONTROLS: Final = ("camera", "period", "severity", "show", "zone")


def bar(asked: QualityQuery, site: str) -> Any:
    """All controls, set as the address says."""
    return html.Div(
        [
            names("quality", "camera", "Cameras", asked.filters.cameras),
            choice("quality", "period", "Period", PERIODS, asked.filters.period),
            choice("quality", "severity", "Severity", SEVERITIES, asked.severity),
            choice("quality", "show", "Expectations", SHOWN, asked.show),
            zone_choice("quality", site, asked.filters.zone),
        ],
        className="filters",
        role="search",
    )
