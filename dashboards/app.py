"""The web application: pages, routes and headers around one context."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import dash
from dash import Dash
from flask import Flask, Response, request

from dashboards import health
from dashboards.auth import access, login_routes
from dashboards.auth.login import LoginGuard
from dashboards.auth.security import protect
from dashboards.explore import picture_routes
from dashboards.live import routes as live_routes
from dashboards.quality import data_docs_routes
from dashboards.report import export_routes
from dashboards.ui.context import KEY, Context
from dashboards.ui.services import Services
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings
from lake.storage.reader import LakeUnreadableError

CATCHES_ALL: Final = "/<path:path>"
"""The rule by which Dash answers to every path that is nobody else's."""
NOT_FOUND: Final = "There is no page at {path}.\nThe pages are: {pages}\n"


def create_app(settings: Settings, dashboard: DashboardSettings, clock: Callable[[], datetime]) -> Dash:
    """The application; nothing of it runs before its services are started.

    Args:
        settings: where lake and Kafka are.
        dashboard: how it is served.
        clock: the time now, UTC.
    """
    server = Flask("dashboards", static_folder=None)
    server.config[KEY] = Context(
        settings, dashboard, clock, Services.of(settings, dashboard.airflow_api, clock)
    )
    app = Dash(
        "dashboards",
        server=server,  # type: ignore[arg-type] # its annotation forgot Flask
        use_pages=True,
        suppress_callback_exceptions=True,  # else every page carries the layouts of all pages
        title="PyctureStream",
        update_title="",
        serve_locally=True,
    )
    app.index_string = app.index_string.replace("<html>", '<html lang="en">')
    protect(app, server, dashboard.names)
    login_routes.register(server, LoginGuard(app, settings, dashboard, clock), clock)
    access.guard_pages()
    from dashboards import layout as shell  # its callbacks and links need the app and its pages

    app.layout = shell.layout
    for routes in (health, live_routes, picture_routes, export_routes, data_docs_routes):
        routes.register(server)
    server.before_request(unknown_path)
    server.register_error_handler(LakeUnreadableError, lake_unreadable)
    app.enable_dev_tools(debug=False)
    return app


def lake_unreadable(error: LakeUnreadableError) -> Response:
    """The answer where a picture, an export or a page needed what cannot be read now."""
    return Response(f"The lake cannot be read: {error}. Try again.\n", 503, mimetype="text/plain")


def unknown_path() -> Response | None:
    """A page that does not exist is not found; Dash itself would answer 200 to any path."""
    known = [page["relative_path"] for page in dash.page_registry.values()]
    rule = request.url_rule
    if request.path in known or rule is None or rule.rule != CATCHES_ALL:
        return None
    said = NOT_FOUND.format(path=request.path, pages=" ".join(known))
    return Response(said, 404, mimetype="text/plain")
