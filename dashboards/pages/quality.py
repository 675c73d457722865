"""Quality: what was checked before hours were published, what is held and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.exceptions import PreventUpdate

from dashboards.quality import answers as quality_answers
from dashboards.quality.controls import CONTROLS, bar
from dashboards.quality.query import QualityQuery
from dashboards.ui import camera_choice
from dashboards.ui.context import current_context
from dashboards.ui.filters import FilterError
from lake.contracts.wire_format import rfc3339
from lake.storage.reader import LakeUnreadableError

dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path="/quality", name="Quality", title="PyctureStream: quality", order=3
)

PANELS = ("held", "map", "hours", "checks", "days")


def layout(**query: str) -> Any:
    """The page for an address."""
    try:
        asked = QualityQuery.read(query)
    except FilterError as error:
        said = html.P([f"{error}. ", html.A("Clear all", href="/quality")], role="alert")
        return html.Div([html.H1("Quality"), said])
    chosen = {"expectation": asked.expectation, "at": rfc3339(asked.at) if asked.at else ""}
    return html.Div(
        [
            html.H1("Quality"),
            bar(asked, current_context().settings.time_zone),
            html.P("Reading the lake …", id="quality-summary", role="status"),
            html.P("", id="quality-freshness"),
            html.P(html.A("Data Docs of the last audits", href="/data-docs/")),
            html.Div(_panels(), id="quality-panels"),
            dcc.Store(id="quality-query", data=replace(asked, expectation="", at=None).to_query()),
            dcc.Store(id="quality-chosen", data=chosen),
            dcc.Store(id="quality-drawn", data=""),
            dcc.Store(id="quality-remembered", data=""),
            dcc.Interval(id="quality-tick", interval=5000),
        ],
        id="quality",
    )


def _panels() -> list[Any]:
    hours, checks = (_graph(name) for name in ("hours", "checks"))
    return [
        _panel("Held hours", html.Div(html.P("Reading …"), id="quality-held")),
        _panel("Expectations by hour", html.Div(html.P("Reading …"), id="quality-map")),
        _panel("Checks one by one", _details()),
        _panel("Hours of cameras by day", hours, "half"),
        _panel("Checks that fell short by day", checks, "half"),
        _panel("Numbers by day", html.Div(id="quality-days")),
    ]


def _details() -> Any:
    return html.Div([html.P("Reading …", id="quality-told", role="status"), html.Div(id="quality-details")])


def _graph(name: str) -> Any:
    return dcc.Graph(id=f"quality-{name}", config={"displaylogo": False, "displayModeBar": False})


def _panel(title: str, inside: Any, width: str = "whole") -> Any:
    return html.Section([html.H2(title), inside], className=f"panel panel-{width}")


@callback(
    Output("quality-summary", "children"),
    Output("quality-freshness", "children"),
    *(Output(f"quality-{name}", "figure" if name in ("hours", "checks") else "children") for name in PANELS),
    Output("quality-camera", "data"),
    Output("quality-query", "data"),
    Output("quality-drawn", "data"),
    *(Input(f"quality-{name}", "value") for name in CONTROLS),
    Input("quality-tick", "n_intervals"),
    State("quality-drawn", "data"),
)
def draw(*values: Any) -> Any:
    """All panels anew when a control or the lake changed."""
    *chosen, _tick, drawn = values
    context = current_context()
    try:
        query = QualityQuery.read(quality_answers.words_of(dict(zip(CONTROLS, chosen, strict=True))))
        token = quality_answers.token(query, context)
        if token == drawn:
            raise PreventUpdate
        found = quality_answers.answer(query, context)
        known = quality_answers.history(context).cameras()
        cameras = camera_choice.cameras(context, known, query.filters.cameras)
    except FilterError as error:
        return _said(f"{error}.")
    except LakeUnreadableError as error:
        return _said(f"The lake cannot be read: {error}. What is shown may be old; it is tried again.")
    return *found, cameras, query.to_query(), token


def _said(sentence: str) -> tuple[Any, ...]:
    """The sentence, and everything else as it is."""
    return sentence, *(dash.no_update for _ in range(len(PANELS) + 3)), ""


@callback(
    Output("quality-told", "children"),
    Output("quality-details", "children"),
    Input("quality-chosen", "data"),
    Input("quality-query", "data"),
    Input("quality-drawn", "data"),
)
def tell(chosen: Mapping[str, str], query: str, _drawn: str) -> Any:
    """The checks of the chosen expectation; filters and data may have changed."""
    return quality_answers.chosen_details(chosen, query, current_context())


clientside_callback(
    ClientsideFunction("quality", "remember"),
    Output("quality-remembered", "data"),
    Input("quality-query", "data"),
    Input("quality-chosen", "data"),
)
clientside_callback(
    ClientsideFunction("quality", "mark"),
    Output("quality-map", "title"),
    Input("quality-map", "children"),
    Input("quality-chosen", "data"),
    State("quality-query", "data"),
)
