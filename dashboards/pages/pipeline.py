"""Pipeline: whether everything that came in was dealt with, how fast, and what every program does now."""

from __future__ import annotations

from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.exceptions import PreventUpdate

from dashboards.pipeline import answers as pipeline_answers
from dashboards.pipeline.answers import CHARTS, CONTROLS, PARTS
from dashboards.pipeline.query import WORDS, PipelineQuery
from dashboards.ui.context import current_context
from dashboards.ui.controls import choice, zone_choice
from dashboards.ui.filters import FilterError

dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path="/pipeline", name="Pipeline", title="PyctureStream: pipeline", order=4
)

TITLES = {
    "ledger": "Ledger: is every record accounted for?",
    "hours": "Reconciliation by hour",
    "tables": "Tables of the lake",
    "dags": "Scheduled work",
}


def layout(**query: str) -> Any:
    """The page for an address."""
    try:
        asked = PipelineQuery.read(query)
    except FilterError as error:
        said = html.P([f"{error} ", html.A("Clear all", href="/pipeline")], role="alert")
        return html.Div([html.H1("Pipeline"), said])
    site = current_context().settings.time_zone
    return html.Div(
        [
            html.H1("Pipeline"),
            html.Div(
                [
                    choice("pipeline", "period", "Period", WORDS, asked.period),
                    zone_choice("pipeline", site, asked.zone),
                ],
                className="filters",
                role="search",
            ),
            html.Section(html.Div("Reading …", id="pipeline-stream")),
            html.Div(
                [
                    *(_chart(name, title) for name, title in CHARTS.items()),
                    html.Div("Reading …", id="pipeline-charts"),
                    *(_part(name, title) for name, title in TITLES.items()),
                ],
                id="pipeline-panels",
            ),
            dcc.Store(id="pipeline-query", data=asked.to_query()),
            dcc.Store(id="pipeline-drawn", data={}),
            dcc.Interval(id="pipeline-tick", interval=2000),
        ],
        id="pipeline",
    )


def _chart(name: str, title: str) -> Any:
    graph = dcc.Graph(id=f"pipeline-{name}", config={"displaylogo": False, "displayModeBar": "hover"})
    return html.Section([html.H2(title), graph], className="panel panel-chart")


def _part(name: str, title: str) -> Any:
    return html.Section([html.H2(title), html.Div("Reading …", id=f"pipeline-{name}")], className="panel")


@callback(
    *(Output(f"pipeline-{name}", "figure") for name in CHARTS),
    *(Output(f"pipeline-{name}", "children") for name in PARTS),
    Output("pipeline-query", "data"),
    Output("pipeline-drawn", "data"),
    *(Input(f"pipeline-{name}", "value") for name in CONTROLS),
    Input("pipeline-tick", "n_intervals"),
    State("pipeline-drawn", "data"),
)
def draw(period: Any, zone: Any, _tick: int | None, drawn: Any) -> Any:
    """Each part anew when a control or what it shows changed."""
    context = current_context()
    try:
        query = PipelineQuery.read({"period": period, "zone": zone})
    except FilterError as error:
        raise PreventUpdate from error
    known = pipeline_answers.pipeline(query, context)
    tokens, before = pipeline_answers.tokens(known, query), drawn if isinstance(drawn, dict) else {}
    if tokens == before:
        raise PreventUpdate
    stale = {name: token != before.get(name) for name, token in tokens.items()}
    figures, parts = pipeline_answers.answer(known, query, context, stale)
    return *figures, *parts, query.to_query(), tokens


clientside_callback(
    ClientsideFunction("pipeline", "remember"),
    Output("pipeline", "title"),
    Input("pipeline-query", "data"),
)
