"""A moving test pattern that shows the number of each picture, to people and to programs."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from capture.pictures.encoding import Picture
from capture.sources.source import CameraUnavailableError

COLUMNS: Final = 8
ROWS: Final = 4
"""Blocks at the top left, white for 1: the number in 32 bits, the highest first, row by row."""
BLOCKS_PER_SIDE: Final = 16
"""Blocks that fit along the shorter side; with at least 4 pixels each they survive JPEG."""
MIN_PIXELS: Final = 64
BARS: Final = ((192, 192, 192), (0, 192, 192), (192, 192, 0), (0, 192, 0), (192, 0, 192), (0, 0, 192))
"""Grey, yellow, cyan, green, magenta, red, as blue, green, red."""
SPEED: Final = 7
"""Blocks that the ball moves in 10 pictures."""


def bars(width: int, height: int) -> Picture:
    """Draw the background: vertical bars of colour."""
    colours = np.array(BARS, np.uint8)[np.arange(width) * len(BARS) // width]
    return np.tile(colours, (height, 1, 1))


def draw(background: Picture, number: int) -> Picture:
    """Draw the picture of a number, 0 to 2³² - 1."""
    picture = background.copy()
    height, width = picture.shape[:2]
    block = min(width, height) // BLOCKS_PER_SIDE
    bits = np.array([number >> shift & 1 for shift in reversed(range(ROWS * COLUMNS))], np.uint8)
    blocks = (bits * 255).reshape(ROWS, COLUMNS).repeat(block, 0).repeat(block, 1)
    picture[: ROWS * block, : COLUMNS * block] = blocks[:, :, np.newaxis]
    centre = (number * SPEED * block // 10 % width, height * 3 // 4)
    cv2.circle(picture, centre, 2 * block, (255, 255, 255), cv2.FILLED)
    place = (block, height * 9 // 16)
    cv2.putText(
        picture, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, block / 12, (0, 0, 0), max(1, block // 6)
    )
    return picture


class PatternSource:
    """Bars, a ball that moves with every picture, and the picture's number; it neither ends nor fails."""

    fastest = 0.0
    lost = ""

    def __init__(self, width: int, height: int) -> None:
        """Draw pictures of this size in pixels."""
        self._width, self._height = width, height
        self._number = 0

    def open(self) -> None:
        """Prepare the background; numbers continue."""
        if min(self._width, self._height) < MIN_PIXELS:
            raise CameraUnavailableError(
                f"the test pattern of {self._width}x{self._height} is too small for its number; "
                f"give at least {MIN_PIXELS} pixels a side"
            )
        self._background = bars(self._width, self._height)

    def read(self, step: float) -> Picture | None:  # each picture is the next one, whatever the time
        """Return the next picture."""
        picture = draw(self._background, self._number % 2 ** (ROWS * COLUMNS))
        self._number += 1
        return picture

    def close(self) -> None:
        """Do nothing: there is nothing to release."""
