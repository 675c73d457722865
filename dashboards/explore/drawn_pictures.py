"""Stored frames as pictures for the browser, and boxes drawn on them in the server."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lake.contracts.image_headers import CorruptPictureError, PictureTooLargeError, read_header
from lake.contracts.label_colours import colour_of
from lake.contracts.wire_format import IMPORTED_TOPIC, LEGACY, MAX_MESSAGE_BYTES, SYNTHETIC_TOPIC

LEAST_WIDTH, MOST_SIDE = 480, 1920
QUALITY: Final = 88
MAX_BOXES: Final = 200
MAX_LABEL_LENGTH: Final = 40


class NoPictureError(LookupError):
    """There is nothing to draw; the message says why, for people."""


def stored_picture(row: Mapping[str, Any]) -> bytes:
    """The encoded picture of a stored frame, whose header was checked.

    Args:
        row: `topic`, `format` and `value` of `frames`; empty where the frame is gone.

    Raises:
        NoPictureError: imported, synthetic, expired, corrupt or too large.
    """
    if not row:
        raise NoPictureError("No picture: expired after retention, or never archived.")
    if row["topic"] == IMPORTED_TOPIC:
        raise NoPictureError("No picture stored: an imported event has none, nor a box or a score.")
    if row["topic"] == SYNTHETIC_TOPIC and not row["value"]:
        raise NoPictureError("No picture: synthetic history has none.")
    if not row["value"]:
        raise NoPictureError("No picture: the record is empty.")
    picture = _of_old_client(row["value"]) if row["format"] == LEGACY else bytes(row["value"])
    try:
        read_header(picture)
    except (CorruptPictureError, PictureTooLargeError) as error:
        raise NoPictureError(f"No picture: {error}") from error
    return picture


def _of_old_client(value: bytes) -> bytes:
    """The picture in the JSON of the first version."""
    if len(value) > MAX_MESSAGE_BYTES:
        raise NoPictureError(f"No picture: {len(value)} bytes of JSON are over {MAX_MESSAGE_BYTES}.")
    try:
        said = json.loads(value)
        image = said["image"] if isinstance(said, dict) else None
        return base64.b64decode(image, validate=False) if isinstance(image, str) else b""
    except (ValueError, KeyError, RecursionError, binascii.Error) as error:
        raise NoPictureError("No picture: corrupt, the JSON holds none.") from error


def drawn(picture: bytes, objects: Sequence[Mapping[str, Any]]) -> bytes:
    """A JPEG of the picture with a box, label and score for each object.

    Raises:
        NoPictureError: the picture cannot be decoded.
    """
    import cv2
    import numpy as np

    try:
        decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise NoPictureError(f"No picture: corrupt, {error.err}.") from error
    if decoded is None:
        raise NoPictureError(f"No picture: corrupt, {len(picture)} bytes cannot be decoded.")
    height, width = decoded.shape[:2]
    scale = min(max(1.0, LEAST_WIDTH / width), MOST_SIDE / max(height, width))
    if scale != 1:
        decoded = cv2.resize(decoded, (max(1, round(width * scale)), max(1, round(height * scale))))
    for one in sorted(objects, key=lambda seen: seen["score"])[-MAX_BOXES:]:
        _box(decoded, one)
    return bytes(cv2.imencode(".jpg", decoded, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def _box(picture: Any, one: Mapping[str, Any]) -> None:
    """Draw one box with its label, inside the picture whatever the numbers say."""
    import cv2

    height, width = picture.shape[:2]
    if any(one[edge] is None or one[edge] != one[edge] for edge in ("xmin", "ymin", "xmax", "ymax")):
        return
    left, right = (round(min(max(one[edge], 0), 1) * (width - 1)) for edge in ("xmin", "xmax"))
    top, bottom = (round(min(max(one[edge], 0), 1) * (height - 1)) for edge in ("ymin", "ymax"))
    colour, size = blue_green_red(one["label"] or ""), max(height, width)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, max(2, round(size / 450)))
    said = f"{(one['label'] or '')[:MAX_LABEL_LENGTH]} {one['score']:.2f}".encode("ascii", "replace").decode()
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, max(0.45, size / 2000)
    (wide, high), base = cv2.getTextSize(said, font, scale, 1)
    low = top if top > high + base else min(height - 1, top + high + base)
    start = max(0, min(left, width - wide - 4))
    cv2.rectangle(picture, (start, low - high - base), (start + wide + 4, low), colour, -1)
    cv2.putText(picture, said, (start + 2, low - base // 2 - 1), font, scale, (255, 255, 255), 1, cv2.LINE_AA)


def blue_green_red(label: str) -> tuple[int, int, int]:
    """The label's colour in the order of OpenCV."""
    code = colour_of(label)
    return int(code[5:7], 16), int(code[3:5], 16), int(code[1:3], 16)
