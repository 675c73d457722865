"""What every answer says to the browser, and who is answered at all."""

from __future__ import annotations

from typing import Final

from dash import Dash
from flask import Flask, Response, request

HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
"""Names under which loopback is asked for; any other is a page from elsewhere that points here."""
MOST_BYTES: Final = 1024 * 1024
"""Largest body of a request."""
PLAIN: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
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


def protect(app: Dash, server: Flask) -> None:
    """Refuse other hosts and large bodies, and add the headers; once the layout is known."""
    server.config["MAX_CONTENT_LENGTH"] = MOST_BYTES

    def refuse_strangers() -> Response | None:
        host = request.host.rpartition(":")[0] or request.host
        if host in HOSTS:
            return None
        return Response(f"Ask for one of: {', '.join(HOSTS)}.\n", 421, mimetype="text/plain")

    def say(answer: Response) -> Response:
        for name, value in PLAIN.items():
            answer.headers.setdefault(name, value)
        # Dash adds a script of its own at the first request, so the policy is not made before.
        answer.headers.setdefault("Content-Security-Policy", content_security_policy(app))
        return answer

    server.before_request(refuse_strangers)
    server.after_request(say)
