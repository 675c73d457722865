"""`/healthz`: whether each page has something to show, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, Response, jsonify

from dashboards.auth.access import person
from dashboards.ui.context import current_context

FINE: Final = ("ok", "empty", "stale")
"""States in which the pages work; what they show may still be old or nothing."""


def health() -> tuple[Response, int]:
    """The state of each page's data; 503 when one of them cannot be had, no sentences without a login."""
    said: Mapping[str, Any] = {
        name: service.health() for name, service in current_context().services.by_name().items()
    }
    if person() is None:
        said = {name: {"state": one["state"]} for name, one in said.items()}
    fine = all(one["state"] in FINE for one in said.values())
    return jsonify({"state": "ok" if fine else "error", "pages": said}), 200 if fine else 503


def register(server: Flask) -> None:
    """Add the route."""
    server.add_url_rule("/healthz", "healthz", health)
