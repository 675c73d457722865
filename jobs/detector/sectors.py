"""Where in a picture an object is, in words: a grid of three by three."""

from __future__ import annotations

from typing import Final

ROWS: Final = ("top", "middle", "bottom")
COLUMNS: Final = ("left", "center", "right")


def sector_of(ymin: float, xmin: float, ymax: float, xmax: float) -> tuple[str, str]:
    """Return the row and column that hold the centre of a box with sides as parts of the picture, 0..1.

    A centre on a border belongs to the sector below it or to its right.

    >>> sector_of(0.0, 0.0, 0.2, 0.2)
    ('top', 'left')
    >>> sector_of(0.4, 0.4, 0.6, 0.6)
    ('middle', 'center')
    >>> sector_of(0.8, 0.8, 1.0, 1.0)
    ('bottom', 'right')
    """
    return ROWS[_third((ymin + ymax) / 2)], COLUMNS[_third((xmin + xmax) / 2)]


def _third(centre: float) -> int:
    return min(max(int(centre * 3), 0), 2)
