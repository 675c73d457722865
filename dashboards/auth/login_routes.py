"""`/login` and `/logout`: plain pages that need no script."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask import Flask, Response, make_response, redirect, render_template, request

from dashboards.auth import access
from dashboards.auth.login import LOGIN, LoginGuard
from dashboards.auth.passwords import check_password
from dashboards.auth.rate_limit import Attempts, keys_of
from dashboards.auth.users import NAME
from lake.contracts.sentences import count_noun

WRONG_PASSWORD: Final = "Name or password is wrong."
MAX_PATH_LENGTH: Final = 2000
log = logging.getLogger("dashboards.auth.login")


def safe_path(wanted: str) -> str:
    """Where to go after the login: a path of this server, the first page for anything else.

    Browsers read two slashes, also with a tab between them or one turned round, as another host.
    """
    ours = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if ours and wanted.isprintable() and len(wanted) <= MAX_PATH_LENGTH else "/"


class LoginRoutes:
    """The form, and what becomes of it."""

    def __init__(self, door: LoginGuard, clock: Callable[[], datetime]) -> None:
        self._door = door
        self._clock = clock
        self._attempts = Attempts()

    def form(self) -> Response:
        """The empty form; who is in already goes on."""
        wanted = safe_path(request.args.get("next", "/"))
        return _go(wanted) if access.person() else _page(wanted, "", "", 200)

    def log_in(self) -> Response:
        """Begin a session; 401 for a wrong name or password, 429 after too many of them."""
        wanted, typed = safe_path(request.form.get("next", "/")), request.form.get("name", "")
        name = typed if NAME.fullmatch(typed) else ""
        address, now = request.remote_addr or "", self._clock()
        keys = keys_of(name, address)
        if wait := self._attempts.begin(keys, now):
            return _too_many(wanted, name, math.ceil(wait.total_seconds()))
        user = self._door.users.now().get(name)
        # A name nobody has is not logged: it may be a password, typed into the wrong field.
        right = check_password(request.form.get("password", ""), user.password_hash if user else None)
        if user is None or not right:
            log.warning("failed login of %s from %s", user.name if user else "an unknown name", address)
            return _page(wanted, name, WRONG_PASSWORD, 401)
        self._attempts.succeeded(keys, now)
        self._door.sessions.begin(user)
        log.info("login of %s (%s) from %s", user.name, user.role, address)
        return _go(wanted)

    def log_out(self) -> Response:
        """End the session."""
        asks = access.person()
        if asks and asks.name:
            self._door.sessions.end()
            log.info("logout of %s from %s", asks.name, request.remote_addr)
        return _go(LOGIN)


def _too_many(wanted: str, name: str, seconds: int) -> Response:
    log.warning("login refused after too many attempts from %s", request.remote_addr)
    minutes = math.ceil(seconds / 60)
    sentence = f"Too many attempts. Wait {count_noun(minutes, 'minute')}, then try again."
    answer = _page(wanted, name, sentence, 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _page(wanted: str, name: str, error: str, status: int) -> Response:
    return make_response(render_template("login.html", wanted=wanted, name=name, error=error), status)


def _go(path: str) -> Response:
    return make_response(redirect(path, 303))


def register(server: Flask, door: LoginGuard, clock: Callable[[], datetime]) -> None:
    """Add the routes."""
    routes = LoginRoutes(door, clock)
    server.add_url_rule(LOGIN, "login", routes.form)
    server.add_url_rule(LOGIN, "log_in", routes.log_in, methods=["POST"])
    server.add_url_rule("/logout", "logout", routes.log_out, methods=["POST"])
