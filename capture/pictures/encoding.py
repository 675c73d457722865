"""Checks, shrinks and encodes pictures as JPEG."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from lake.contracts.wire_format import MAX_PICTURE_BYTES

Picture = np.ndarray[Any, np.dtype[np.uint8]]
"""Height, width and 3 colours: blue, green, red."""


class UnsendablePictureError(ValueError):
    """A picture that cannot be encoded, or is too large once it is."""


def check_picture(picture: Picture) -> None:
    """Check that an array is a picture.

    Raises:
        UnsendablePictureError: it is empty, or has not 3 colours.
    """
    if not picture.size or picture.ndim != 3 or picture.shape[2] != 3:
        raise UnsendablePictureError(f"a picture of shape {picture.shape} is none; is the source broken?")


def shrink(picture: Picture, longest_side: int | None) -> Picture:
    """Shrink a picture so that no side exceeds `longest_side` pixels; return it unchanged if none does."""
    height, width = picture.shape[:2]
    if longest_side is None or max(height, width) <= longest_side:
        return picture
    factor = longest_side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def encode_jpeg(picture: Picture, quality: int) -> bytes:
    """Encode the picture as JPEG.

    Raises:
        UnsendablePictureError: it cannot be encoded, or has over 8 MB.
    """
    try:
        ok, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise UnsendablePictureError(
            f"a picture of shape {picture.shape} cannot be encoded: {error}"
        ) from error
    if not ok:
        raise UnsendablePictureError(
            f"a picture of shape {picture.shape} cannot be encoded; is the source broken?"
        )
    if encoded.nbytes > MAX_PICTURE_BYTES:
        raise UnsendablePictureError(
            f"a picture has {encoded.nbytes} bytes, over {MAX_PICTURE_BYTES}; lower its size or quality"
        )
    return bytes(encoded.data)
