"""Pictures as they travel: JPEG."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from lake.contracts import MAX_PICTURE_BYTES

Picture = np.ndarray[Any, np.dtype[np.uint8]]
"""Height, width and 3 colours: blue, green, red."""


class UnsendablePictureError(ValueError):
    """A picture that cannot be encoded, or is too large once it is."""


def encode_jpeg(picture: Picture, quality: int) -> bytes:
    """The picture as JPEG.

    Raises:
        UnsendablePictureError: it cannot be encoded, or has over 8 MB.
    """
    try:
        done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise UnsendablePictureError(
            f"a picture of shape {picture.shape} cannot be encoded: {error}"
        ) from error
    if not done:
        raise UnsendablePictureError(
            f"a picture of shape {picture.shape} cannot be encoded; is the source broken?"
        )
    if encoded.nbytes > MAX_PICTURE_BYTES:
        raise UnsendablePictureError(
            f"a picture has {encoded.nbytes} bytes, over {MAX_PICTURE_BYTES}; lower its size or quality"
        )
    return bytes(encoded.data)
