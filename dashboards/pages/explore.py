"""Explore: every object as a row, and behind each row its picture and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html

from dashboards.explore import answers as explore_answers
from dashboards.explore.grid import grid
from dashboards.explore.picture_routes import explorer
from dashboards.explore.query import ExploreQuery
from dashboards.ui.context import current_context
from dashboards.ui.filters import FilterError

dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path="/explore", name="Explore", title="PyctureStream: explore", order=2
)


def layout(**query: str) -> Any:
    """The page for an address."""
    try:
        asked = ExploreQuery.read(query)
    except FilterError as error:
        words = f"{error} "
        return html.Div(
            [html.H1("Explore"), html.P([words, html.A("Clear all", href="/explore")], role="alert")]
        )
    return html.Div(
        [
            html.H1("Explore"),
            html.P(explore_answers.summary(asked, current_context()), id="explore-summary"),
            html.P(asked.note, role="alert") if asked.note else None,
            html.P("Loading …", id="explore-status", role="status"),
            grid(asked.grid),
            _drawer(),
            dcc.Store(id="explore-query", data=dict(query)),
            dcc.Store(id="explore-shown", data=None),
            dcc.Store(id="explore-grid-text", data=None),
        ],
        id="explore",
    )


def _drawer() -> Any:
    return dmc.Drawer(
        id="explore-drawer",
        title="Frame",
        position="right",
        size="min(100vw, 720px)",
        opened=False,
        returnFocus=True,
        trapFocus=True,
        keepMounted=True,
        closeButtonProps={"aria-label": "Close"},
        children=[
            _steps(),
            html.P("", id="explore-told", role="status"),
            html.Div(id="explore-body"),
        ],
    )


def _steps() -> Any:
    previous = html.Button("← Previous", id="explore-previous", title="Previous of this camera (left arrow)")
    following = html.Button("Next →", id="explore-next", title="Next of this camera (right arrow)")
    return dmc.Group([previous, following])


@callback(
    Output("explore-grid", "getRowsResponse"),
    Output("explore-status", "children"),
    Output("explore-grid-text", "data"),
    Input("explore-grid", "getRowsRequest"),
    State("explore-query", "data"),
    prevent_initial_call=True,
)
def page_of_rows(request: Mapping[str, Any] | None, query: Mapping[str, str]) -> Any:
    """Rows for the grid; the grid asks."""
    if request is None:
        return dash.no_update, dash.no_update, dash.no_update
    return explore_answers.rows(explorer(), query, request, current_context())


@callback(
    Output("explore-drawer", "opened"),
    Output("explore-body", "children"),
    Output("explore-told", "children"),
    Output("explore-shown", "data"),
    Input("explore-grid", "cellClicked"),
    Input("explore-previous", "n_clicks"),
    Input("explore-next", "n_clicks"),
    State("explore-query", "data"),
    State("explore-shown", "data"),
)
def open_frame(
    clicked: Mapping[str, Any] | None,
    _back: int | None,
    _on: int | None,
    query: Mapping[str, str],
    shown: Any,
) -> Any:
    """The frame of a row that was clicked, its neighbour, or the one that the address names."""
    asked = explore_answers.wanted(explorer(), ctx.triggered_id, clicked, query, shown, current_context())
    if asked is None:
        said = "No further frame of this camera." if shown else ""
        return dash.no_update, dash.no_update, said, dash.no_update
    return explore_answers.drawer(explorer(), asked, query, current_context())


clientside_callback(
    ClientsideFunction("explore", "remember"),
    Output("explore-drawer", "title"),
    Input("explore-drawer", "opened"),
    Input("explore-shown", "data"),
    Input("explore-grid-text", "data"),
    prevent_initial_call=True,
)
