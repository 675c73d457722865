"""Stored frames by their record, as they came or with boxes drawn."""

from __future__ import annotations

from flask import Flask, Response, request

from dashboards.data.exploring import Explorer
from dashboards.data.provenance import Record, RecordError, current_objects, picture_row
from dashboards.explore.drawn_pictures import NoPictureError, drawn, stored_picture
from dashboards.ui.context import current_context
from lake.contracts.image_headers import read_header
from lake.contracts.wire_format import STORED_SCORE


def explorer() -> Explorer:
    """The open tables that this server keeps."""
    return current_context().services.explore


def picture(day: str, topic_id: str, partition: str, offset: str) -> Response:
    """The picture of a stored frame; `boxes=1` draws what the current analysis saw, over `threshold`."""
    try:
        record = Record.read(day, topic_id, partition, offset)
        stored = stored_picture(picture_row(explorer(), record))
        if request.args.get("boxes") != "1":
            return _answer(stored, f"image/{read_header(stored).kind}")
        objects = current_objects(explorer(), record, _threshold(request.args.get("threshold", "")))
        return _answer(drawn(stored, objects), "image/jpeg")
    except (RecordError, NoPictureError) as error:
        return Response(f"{error}\n", 404, mimetype="text/plain")


def _threshold(said: str) -> float:
    """What was asked, within what is stored; the setting for anything else."""
    try:
        asked = float(said)
    except ValueError:
        asked = float("nan")
    return asked if STORED_SCORE <= asked <= 1 else current_context().settings.report_threshold


def _answer(content: bytes, kind: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Cache-Control"] = "private, max-age=300"
    return answer


def register(server: Flask) -> None:
    """Add the route."""
    server.add_url_rule("/picture/<day>/<topic_id>/<partition>/<offset>.jpg", "picture", picture)
