"""The bar of filters of the page of quality; each control's id ends with the word that the address has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import dash_mantine_components as dmc
from dash import html

from dashboards.quality_query import PERIODS, SEVERITIES, SHOWN, QualityQuery

CONTROLS: Final = ("camera", "period", "severity", "show", "zone")


def bar(asked: QualityQuery, site: str) -> Any:
    """All controls, set as the address says."""
    cameras = list(asked.filters.cameras)
    return html.Div(
        [
            dmc.MultiSelect(
                id="quality-camera", label="Cameras", data=cameras, value=cameras, placeholder="all",
                searchable=True, clearable=True, clearButtonProps={"aria-label": "Clear"}, debounce=400,
            ),
            _choice("period", "Period", PERIODS, asked.filters.period),
            _choice("severity", "Severity", SEVERITIES, asked.severity),
            _choice("show", "Expectations", SHOWN, asked.show),
            _choice("zone", "Times in", {"site": site, "utc": "UTC"}, asked.filters.zone),
        ],
        className="filters",
        role="search",
    )  # fmt: skip


def _choice(word: str, title: str, words: Mapping[str, str], chosen: str) -> Any:
    data = [{"value": value, "label": label} for value, label in words.items()]
    return dmc.Select(id=f"quality-{word}", label=title, data=data, value=chosen, allowDeselect=False)
