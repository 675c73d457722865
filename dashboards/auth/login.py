"""Nobody is let in without a login while there are users; what is open to all is listed here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dash import Dash
from flask import Flask, Response, make_response, redirect, render_template, request
from flask_login import LoginManager

from dashboards.auth import access
from dashboards.auth.private_files import secret_key
from dashboards.auth.sessions import Cookies, Sessions
from dashboards.auth.users import ANONYMOUS_ADMIN, User, UsersError, UsersFile
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings

LOGIN: Final = "/login"
STYLE: Final = "/assets/login.css"
HEALTH: Final = "/healthz"
CALLBACK: Final = "/_dash-update-component"
FOR_ADMINS: Final = "This is for admins only. Ask one, or log in as one."
NO_USERS: Final = "There is no user yet. On the server, ./pycturestream user add NAME makes one."
BROKEN: Final = "The file of the users is broken. The log of the dashboard, on the server, names the cure."
log = logging.getLogger("dashboards.auth.login")


def users_path(settings: Settings, dashboard: DashboardSettings) -> Path:
    """The file of the users."""
    return dashboard.users or settings.data / "dashboard" / "users.json"


def key_path(settings: Settings) -> Path:
    """The file of the key that signs the sessions."""
    return settings.data / "dashboard" / "secret.key"


def sentence_response(title: str, sentence: str, status: int) -> Response:
    """A sentence: as a page for who looks, as text for a script."""
    if wants_page():
        page = render_template("said.html", title=title, sentence=sentence, person=access.person())
        return make_response(page, status)
    return Response(f"{sentence}\n", status, mimetype="text/plain")


def wants_page() -> bool:
    """Whether somebody looks at the answer; scripts and images accept text/html only as `*/*`."""
    return "text/html" in request.headers.get("Accept", "")


class LoginGuard:
    """Stands before every request."""

    def __init__(
        self, app: Dash, settings: Settings, dashboard: DashboardSettings, clock: Callable[[], datetime]
    ) -> None:
        server: Flask = app.server
        self._app = app
        self._open_without_users = not dashboard.is_exposed
        self._told: str | None = None
        self.users = UsersFile(users_path(settings, dashboard))
        self.sessions = Sessions(server, dashboard.session_lasts, clock)
        server.session_interface = Cookies(lambda: self._key(key_path(settings)))
        manager = LoginManager(server)
        manager.session_protection = None  # its own would end a session with each change of the network
        manager.user_loader(self._who_logged_in)
        manager.request_loader(lambda _request: self._who_asks_without_login())
        server.before_request(self.admit)
        server.after_request(self._keep_out_of_caches)

    def admit(self) -> Response | None:
        """None for who may pass; else the answer: the login, or a sentence."""
        if request.path in (STYLE, HEALTH):
            return None
        if trouble := self.trouble():
            return sentence_response("Nobody can log in", trouble, 503)
        if request.path == LOGIN:
            return None
        if access.person() is None:
            return self._ask_for_login()
        if not access.may_open(request.path) or not self._may_call():
            return sentence_response("For admins only", FOR_ADMINS, 403)
        return None

    def trouble(self) -> str | None:
        """Why nobody can be let in; logged once."""
        try:
            lacking = not self.users.now() and not self._open_without_users
            told, sentence = (f"no user in {self.users.path}", NO_USERS) if lacking else (None, None)
        except UsersError as error:
            told, sentence = str(error), BROKEN
        if told and told != self._told:
            log.error("nobody is let in: %s", told)
        self._told = told
        return sentence

    def _ask_for_login(self) -> Response:
        if not wants_page():
            return Response("Log in first.\n", 401, mimetype="text/plain")
        # A form that was sent cannot be sent again after the login.
        path = request.full_path.rstrip("?") if request.method == "GET" else "/"
        where = LOGIN if path == "/" else f"{LOGIN}?next={quote(path, safe='')}"
        return make_response(redirect(where, 303))

    def _may_call(self) -> bool:
        if request.path != CALLBACK:
            return True
        body = request.get_json(silent=True)
        output = body.get("output") if isinstance(body, dict) else None
        known = self._app.callback_map.get(output) if isinstance(output, str) else None
        return known is None or access.may_call(str(output), getattr(known.get("callback"), "__module__", ""))

    def _who_logged_in(self, session_id: str) -> User | None:
        try:
            found = self.users.now().get(session_id.partition(" ")[0])
        except UsersError:
            return None
        return found if found and found.get_id() == session_id and self.sessions.runs() else None

    def _who_asks_without_login(self) -> User | None:
        try:
            return ANONYMOUS_ADMIN if self._open_without_users and not self.users.now() else None
        except UsersError:
            return None

    def _key(self, path: Path) -> bytes | None:
        try:
            return secret_key(path) if self.users.now() else None
        except UsersError:
            return None

    def _keep_out_of_caches(self, answer: Response) -> Response:
        """After the logout the browser has no page to go back to."""
        found = access.person()
        if found is None or found.name:
            answer.headers.setdefault("Cache-Control", "no-store")
        return answer
