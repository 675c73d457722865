"""What stands around every page: name, navigation, the choice of light or dark."""

from __future__ import annotations

from typing import Any, Final

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Input, Output, clientside_callback, dcc, html

from dashboards.auth.access import may_open, person

COLOURS: Final = [{"value": value, "label": value} for value in ("light", "dark", "auto")]


def layout() -> Any:
    """The frame; Dash puts the page into it."""
    frame = dmc.AppShell(
        [
            dmc.AppShellHeader(_header(), px="md"),
            dmc.AppShellNavbar(_navigation(), p="md"),
            dmc.AppShellMain(html.Main(dash.page_container, id="content", tabIndex="-1")),
        ],
        header={"height": 56},
        navbar={"width": 190, "breakpoint": "sm", "collapsed": {"mobile": True}},
        padding="md",
        id="shell",
    )
    return dmc.MantineProvider(
        [html.A("Skip to the content", href="#content", className="skip"), dcc.Location(id="url"), frame],
        id="provider",
        defaultColorScheme="auto",
    )


def _header() -> Any:
    burger = dmc.Burger(id="burger", size="sm", hiddenFrom="sm", opened=False, **{"aria-label": "Menu"})
    theme = dmc.SegmentedControl(id="scheme", data=COLOURS, value="auto", size="xs", persistence=True)
    name = html.A("PyctureStream", href="/", className="name")
    left = dmc.Group([burger, name], gap="sm", wrap="nowrap")
    right = dmc.Group([_person("person person-above"), theme], gap="sm", wrap="nowrap")
    return dmc.Group([left, right], justify="space-between", h="100%", wrap="nowrap")


def _person(look: str) -> Any:
    """Who is logged in, and the way out; nothing where no login is asked for."""
    found = person()
    if found is None or not found.name:
        return None
    leave = html.Button("Log out", type="submit")
    said = html.Span(f"{found.name} ({found.role})", title=f"{found.name} is logged in")
    return html.Form([said, leave], action="/logout", method="POST", className=look)


def _navigation() -> Any:
    pages = sorted(dash.page_registry.values(), key=lambda page: page["order"] or 0)
    links = [
        dmc.NavLink(label=page["name"], href=page["relative_path"], active="exact")
        for page in pages
        if may_open(page["relative_path"])
    ]
    words: dict[str, Any] = {"aria-label": "Pages"}
    return html.Div([html.Nav(links, **words), _person("person person-below")])


clientside_callback(
    ClientsideFunction("shell", "menu"),
    Output("shell", "navbar"),
    Input("burger", "opened"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("shell", "scheme"),
    Output("provider", "forceColorScheme"),
    Input("scheme", "value"),
)
