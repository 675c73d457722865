"""Reads the number in a picture of the test pattern, after JPEG and also after scaling."""

from __future__ import annotations

import cv2
import numpy as np

from capture.sources.pattern_source import BLOCKS_PER_SIDE, COLUMNS, ROWS


def pattern_number(picture: np.ndarray) -> int:
    """The number that the blocks of the picture tell; fails where a block is neither black nor white."""
    height, width = picture.shape[:2]
    block = min(height, width) / BLOCKS_PER_SIDE
    rows = ((np.arange(ROWS) + 0.5) * block).astype(int)
    columns = ((np.arange(COLUMNS) + 0.5) * block).astype(int)
    greys = picture.mean(axis=2)[np.ix_(rows, columns)].ravel()
    assert ((greys < 64) | (greys > 191)).all(), greys
    return int("".join("1" if grey > 127 else "0" for grey in greys), 2)


def pattern_number_of_jpeg(jpeg: bytes) -> int:
    return pattern_number(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
