"""What the live page takes from Kafka's records, each checked before it is believed."""

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
        """Whether it is to be shown after the other one: a link that was away brings the newest first."""
        alike = self.frame_id.rpartition("/")[0] == other.frame_id.rpartition("/")[0]
        times = self.captured_at, other.captured_at
        return not alike or times[0] is None or times[1] is None or times[0] >= times[1]


@dataclass(frozen=True, slots=True)
class FrameResult:
    """What was found on a frame.

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
    """What an agent says of its camera: one of STATES, its last error, and what its list says of it."""

    camera_id: str
    state: str
    last_error: str | None
    registration: Registration | None = None


def sent_picture(
    key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]], place: str
) -> SentPicture | None:
    """The frame in a record of `pycturestream`, also in the first version's form; None when it is none.

    Args:
        key: the record's.
        value: the record's.
        headers: the record's.
        place: names the record, for frames that bring no id.
    """
    said = {name: text.decode(errors="replace") for name, text in headers if text is not None}
    try:
        if said.get("schema") == FRAME_SCHEMA:
            camera_id = check_camera_id((key or b"").decode(errors="replace"))
            picture = _sound(camera_id, said.get("frame_id") or place, said.get("captured_at"), value)
            return replace(picture, gated=True) if picture and "motion" in said else picture
        old = json.loads(value or b"")
        camera_id = check_camera_id(old["camera_id"])
        return _sound(camera_id, place, None, base64.b64decode(old["image"], validate=True))
    except (MalformedFrameError, binascii.Error, ValueError, TypeError, KeyError, RecursionError):
        return None


def _sound(camera_id: str, frame_id: str, captured_at: str | None, jpeg: bytes | None) -> SentPicture | None:
    if jpeg is None or len(jpeg) > MAX_PICTURE_BYTES or not jpeg.startswith(JPEG_MAGIC):
        return None
    return SentPicture(camera_id, frame_id, moment(captured_at), jpeg)


def frame_result(value: bytes | None) -> FrameResult | None:
    """The result in a record of `resultstream`; None when it is none."""
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
    """The notice in a record of `camera-status`; None when it is none."""
    try:
        said = json.loads(value or b"")
        camera_id, state = check_camera_id((key or b"").decode(errors="replace")), said["state"]
    except (MalformedFrameError, ValueError, TypeError, KeyError, RecursionError):
        return None
    if state not in STATES:
        return None
    error = said.get("last_error")
    return AgentReport(camera_id, state, str(error) if error else None, Registration.read(said.get("camera")))
