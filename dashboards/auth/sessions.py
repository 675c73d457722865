"""Sessions: a signed cookie that ends by itself, at the logout, and when its user changed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from flask import Flask, Request, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import login_user, logout_user

from dashboards.auth.users import User

COOKIE: Final = "pycturestream_session"
"""Cookies are shared by all ports of a host, and others call theirs `session`."""
NUMBER: Final = "number"
ENDS: Final = "ends"


class Cookies(SecureCookieSessionInterface):
    """Flask's own, with a key that is made when it is first needed, and `Secure` where https is in use."""

    def __init__(self, key: Callable[[], bytes | None]) -> None:
        self._key = key

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request."""
        app.secret_key = app.secret_key or self._key()
        return super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether browsers may send the cookie over https only."""
        return request.is_secure


class Sessions:
    """Begins and ends them; which ones were ended early is kept in memory."""

    def __init__(self, server: Flask, lasts: timedelta, clock: Callable[[], datetime]) -> None:
        self._lasts = lasts
        self._clock = clock
        self._ended: dict[str, float] = {}
        server.config.update(
            SESSION_COOKIE_NAME=COOKIE,
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            SESSION_REFRESH_EACH_REQUEST=False,
            PERMANENT_SESSION_LIFETIME=lasts,
        )

    def begin(self, user: User) -> None:
        """Log somebody in; whatever the browser brought before is forgotten."""
        session.clear()
        session.permanent = True
        session[NUMBER] = secrets.token_hex(16)
        session[ENDS] = (self._clock() + self._lasts).timestamp()
        login_user(user)

    def end(self) -> None:
        """Log out; a copy of the cookie is of no use either."""
        now = self._clock().timestamp()
        self._ended = {number: ends for number, ends in self._ended.items() if ends > now}
        self._ended[session.get(NUMBER, "")] = session.get(ENDS, now)
        logout_user()
        session.clear()

    def runs(self) -> bool:
        """Whether the session of this request has not ended."""
        in_time: bool = session.get(ENDS, 0) > self._clock().timestamp()
        return in_time and session.get(NUMBER) not in self._ended
