"""What the live page's script asks for: the state of all cameras, and their newest pictures."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, abort, jsonify

from dashboards.context import here
from dashboards.feed import Feed
from lake.contracts import CAMERA_ID

KINDS: Final = ("sent", "annotated")


def feed() -> Feed:
    """The live state that this server keeps."""
    return here().room("live", Feed)


def state() -> Response:
    """All cameras, the newest picture first."""
    answer = jsonify(feed().state())
    answer.headers["Cache-Control"] = "no-store"
    return answer


def picture(camera_id: str, kind: str) -> Response:
    """A camera's newest picture; the query string only keeps browsers from showing an older one."""
    found = feed().picture(camera_id, kind) if kind in KINDS and CAMERA_ID.match(camera_id) else None
    if found is None:
        abort(404)
    answer = Response(found[1], mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def register(server: Flask) -> None:
    """Add the routes."""
    server.add_url_rule("/live/state.json", "live_state", state)
    server.add_url_rule("/live/<camera_id>/<kind>.jpg", "live_picture", picture)
