"""Parsing of messages on `resultstream`, which are not trusted. Standard library only."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from lake.contracts.image_headers import JPEG_MAGIC
from lake.contracts.wire_format import MAX_PICTURE_BYTES, MalformedFrameError, check_camera_id


class MalformedResultError(ValueError):
    """A message on the results topic is no result; the message names the fault."""


def parse_result(value: bytes | None) -> dict[str, Any]:
    """Parse the result in a message; its camera id and objects are validated.

    Raises:
        MalformedResultError: it is no JSON object, or has no usable camera id or objects.
    """
    try:
        result = json.loads(value or b"")
        camera_id, things = result["camera_id"], result["objects"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise MalformedResultError(
            f"not a result ({error!r}); another program writes to the topic"
        ) from error
    if not isinstance(camera_id, str) or not isinstance(things, list):
        raise MalformedResultError("camera_id must be a text and objects a list")
    if not all(isinstance(thing, dict) for thing in things):
        raise MalformedResultError("every object must be a JSON object")
    try:
        check_camera_id(camera_id)
    except MalformedFrameError as error:
        raise MalformedResultError(str(error)) from error
    return dict(result)


def picture_of(result: dict[str, Any]) -> bytes | None:
    """Return the annotated JPEG of a result, if it has a valid one."""
    image = result.get("image")
    if not isinstance(image, str) or len(image) > MAX_PICTURE_BYTES * 4 // 3 + 4:
        return None
    try:
        picture = base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError):
        return None
    return picture if picture.startswith(JPEG_MAGIC) else None
