"""What every answer says to the browser, and who is answered at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from dash import Dash
from flask import Flask, Response, request

HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
"""Names under which loopback is asked for; any other is a page from elsewhere that points here."""
HOST_PORT: Final = re.compile(r":[0-9]*$")
MAX_BYTES: Final = 1024 * 1024
"""Largest body of a request."""
PLAIN: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with that, browsers say `Origin: null` when our own forms are sent.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def content_security_policy(app: Dash) -> str:
    """Only this server, its own scripts, and styles in the page, which Plotly needs."""
    scripts = " ".join(["'self'", *app.csp_hashes()])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def is_from_elsewhere() -> bool:
    """Whether the page of another origin sent this to change something.

    Every browser says where a POST comes from, so this needs no token in the forms, and it holds for
    Dash's callbacks, the logout, and a login that would put somebody into another's session. What says
    nothing is no browser, and carries nobody's cookie. `SameSite` alone would not do: another port of
    this host is the same site.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    if site := request.headers.get("Sec-Fetch-Site"):  # browsers say it on https and on loopback
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def protect(app: Dash, server: Flask, names: Sequence[str] = ()) -> None:
    """Refuse other hosts, other pages' requests and large bodies, and add the headers.

    Args:
        app: the application.
        server: its web server.
        names: host names that are answered besides those of loopback.
    """
    server.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    hosts = (*HOSTS, *names)

    def refuse_strangers() -> Response | None:
        if HOST_PORT.sub("", request.host).lower() not in hosts:
            return Response(f"Ask for one of: {', '.join(hosts)}.\n", 421, mimetype="text/plain")
        if is_from_elsewhere():
            return Response("This was sent by a page from elsewhere.\n", 403, mimetype="text/plain")
        return None

    def say(answer: Response) -> Response:
        for name, value in PLAIN.items():
            answer.headers.setdefault(name, value)
        # Dash adds a script of its own at the first request, so the policy is not made before.
        answer.headers.setdefault("Content-Security-Policy", content_security_policy(app))
        return answer

    server.before_request(refuse_strangers)
    server.after_request(say)
