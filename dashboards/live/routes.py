"""What the live page's script asks for: the state of all cameras, and their newest pictures."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, abort, jsonify, request

from dashboards.data.feed import Feed
from dashboards.ui.context import current_context
from lake.contracts.wire_format import CAMERA_ID

KINDS: Final = ("sent", "annotated")
MAX_FIND_LENGTH: Final = 80


def feed() -> Feed:
    """The live state that this server keeps."""
    return current_context().services.live


def state() -> Response:
    """A page of cameras: those that `find` names, from number `first` on."""
    first = request.args.get("first", 0, type=int)
    answer = jsonify(feed().state(request.args.get("find", "")[:MAX_FIND_LENGTH], first))
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
