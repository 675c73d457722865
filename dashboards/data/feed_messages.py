"""Parsing of Kafka's records for the live page, each validated."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lake.contracts.camera_status_message import STATES, Registration
from lake.contracts.image_headers import JPEG_MAGIC
from lake.contracts.result_message import MalformedResultError, parse_result, picture_of
from lake.contracts.wire_format import (
    FRAME_SCHEMA,
    MAX_PICTURE_BYTES,
    MalformedFrameError,
    check_camera_id,
    moment,
)


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A frame as its camera sent it.

    Attributes:
        camera_id: camera.
        frame_id: names the frame; up to its last slash, one session of the camera.
        captured_at: UTC; None where it is not known.
        jpeg: the encoded picture.
        gated: whether its camera sends only what moved.
    """

    camera_id: str
    frame_id: str
    captured_at: datetime | None
    jpeg: bytes
    gated: bool = False

    def follows(self, other: SentPicture) -> bool:
        """Return whether to show it after the other: an interrupted link delivers the newest first."""
        alike = self.frame_id.rpartition("/")[0] == other.frame_id.rpartition("/")[0]
        times = self.captured_at, other.captured_at
        return not alike or times[0] is None or times[1] is None or times[0] >= times[1]


@dataclass(frozen=True, slots=True)
class FrameResult:
    """Objects found on a frame.

    Attributes:
        camera_id: camera.
        frame_id: the frame.
        latency_s: seconds from the picture to the end of its analysis; None where the times are unknown.
        objects: what was seen, as the message says it.
        jpeg: the annotated picture, where the message brings one.
    """

    camera_id: str
    frame_id: str
    latency_s: float | None
    objects: Sequence[Mapping[str, Any]]
    jpeg: bytes | None


@dataclass(frozen=True, slots=True)
class AgentReport:
    """An agent's notice of its camera: one of STATES, its last error, and its description in the list."""

    camera_id: str
    state: str
    last_error: str | None
    registration: Registration | None = None


def sent_picture(
    key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]], place: str
) -> SentPicture | None:
    """Parse the frame in a record of `pycturestream`, also in the first version's form; else None.

    Args:
        key: the record's.
        value: the record's.
        headers: the record's.
        place: names the record, for frames that bring no id.
    """
    fields = {name: text.decode(errors="replace") for name, text in headers if text is not None}
    try:
        if fields.get("schema") == FRAME_SCHEMA:
            camera_id = check_camera_id((key or b"").decode(errors="replace"))
            picture = _check_picture(
                camera_id, fields.get("frame_id") or place, fields.get("captured_at"), value
            )
            return replace(picture, gated=True) if picture and "motion" in fields else picture
        old = json.loads(value or b"")
        camera_id = check_camera_id(old["camera_id"])
        return _check_picture(camera_id, place, None, base64.b64decode(old["image"], validate=True))
    except (MalformedFrameError, binascii.Error, ValueError, TypeError, KeyError, RecursionError):
        return None


def _check_picture(
    camera_id: str, frame_id: str, captured_at: str | None, jpeg: bytes | None
) -> SentPicture | None:
    if jpeg is None or len(jpeg) > MAX_PICTURE_BYTES or not jpeg.startswith(JPEG_MAGIC):
        return None
    return SentPicture(camera_id, frame_id, moment(captured_at), jpeg)


def frame_result(value: bytes | None) -> FrameResult | None:
    """Parse the result in a record of `resultstream`; None if it is not one."""
    try:
        result = parse_result(value)
    except MalformedResultError:
        return None
    stages = result.get("stages")
    finished = moment(stages.get("finished_at")) if isinstance(stages, dict) else None
    captured = moment(result.get("observed_at"))
    latency = (finished - captured).total_seconds() if finished and captured else None
    frame_id = str(result.get("frame_id", ""))
    return FrameResult(result["camera_id"], frame_id, latency, result["objects"], picture_of(result))


def report(key: bytes | None, value: bytes | None) -> AgentReport | None:
    """Parse the notice in a record of `camera-status`; None if it is not one."""
    try:
        notice = json.loads(value or b"")
        camera_id, state = check_camera_id((key or b"").decode(errors="replace")), notice["state"]
    except (MalformedFrameError, ValueError, TypeError, KeyError, RecursionError):
        return None
    if state not in STATES:
        return None
    error = notice.get("last_error")
    return AgentReport(
        camera_id, state, str(error) if error else None, Registration.read(notice.get("camera"))
    )
