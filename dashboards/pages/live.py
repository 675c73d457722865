"""Live: what each camera sends and what is seen on it; drawn by `assets/live.js`."""

from __future__ import annotations

from typing import Any

import dash
import dash_mantine_components as dmc
from dash import html

dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path="/", name="Live", title="PyctureStream", order=0
)


def layout(**_query: str) -> Any:
    """The empty page; its script fills it."""
    return html.Div(
        [
            dmc.Group(
                [
                    html.H1("Live"),
                    html.Button("Read out", id="live-speech", className="toggle"),
                ],
                justify="space-between",
            ),
            html.P("Loading …", id="live-trouble", role="status"),
            html.Div(id="live-choice", hidden=True),
            html.Div(id="live-cameras"),
        ],
        id="live",
    )
