"""Privacy masks: parts of the picture that are blacked out before anything else reads it."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import cv2
import numpy as np

from capture.pictures.encoding import Picture

Point = tuple[float, float]
"""Right and down, as shares of the picture's width and height, 0..1."""
Mask = tuple[Point, ...]
"""The corners of a polygon in their order."""
EXAMPLE: Final = "masks = [[[0, 0], [0.4, 0], [0.4, 0.3], [0, 0.3]]]"
BLACK: Final = (0, 0, 0)
EDGE_PIXELS: Final = 2
"""Drawn along the edge: filling alone left open some pixels of one slanted mask in eight."""
MIN_AREA: Final = 1e-6
"""Share of the picture that a mask must cover; less is a line."""


class MaskError(ValueError):
    """A mask that would not hide what it is meant to hide; the message names it and shows a good one."""


def masks_from(value: object) -> tuple[Mask, ...]:
    """Parse and check the masks of an entry.

    Raises:
        MaskError: it is no list of polygons, or a polygon leaves the picture, covers nothing, or meets
            itself, which leaves open what lies inside.
    """
    if not isinstance(value, list):
        raise MaskError(f"masks = {value!r} must be a list of polygons, such as {EXAMPLE}")
    return tuple(_mask(number, polygon) for number, polygon in enumerate(value, 1))


def _mask(number: int, polygon: Any) -> Mask:
    if not isinstance(polygon, list) or not all(map(_is_pair, polygon)):
        raise MaskError(f"mask {number} = {polygon!r} must be a list of [x, y], such as {EXAMPLE}")
    corners = [(float(x), float(y)) for x, y in polygon]
    mask = tuple(corners[:-1] if len(corners) > 3 and corners[0] == corners[-1] else corners)
    for point in mask:
        if not all(0 <= share <= 1 for share in point):
            raise MaskError(f"mask {number} has the corner {list(point)}; shares of the picture are 0 to 1")
    if len(mask) < 3 or _area(mask) < MIN_AREA:
        raise MaskError(f"mask {number} = {polygon} covers nothing; give three or more corners of an area")
    if _meets_itself(mask):
        raise MaskError(f"mask {number} = {polygon} meets itself; order its corners, or make two masks")
    return mask


def _is_pair(point: object) -> bool:
    return isinstance(point, list) and len(point) == 2 and all(type(share) in (int, float) for share in point)


def _area(mask: Mask) -> float:
    sides = zip(mask, (*mask[1:], mask[0]), strict=True)
    return abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in sides)) / 2


def _meets_itself(mask: Mask) -> bool:
    sides = list(zip(mask, (*mask[1:], mask[0]), strict=True))
    pairs = combinations(range(len(sides)), 2)
    apart = [(i, j) for i, j in pairs if j - i not in (1, len(sides) - 1)]
    return any(_sides_meet(*sides[i], *sides[j]) for i, j in apart)


def _sides_meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Return whether the sides a-b and c-d have a point in common."""
    near = all(
        max(min(a[axis], b[axis]), min(c[axis], d[axis])) <= min(max(a[axis], b[axis]), max(c[axis], d[axis]))
        for axis in (0, 1)
    )
    return near and _turn(a, b, c) * _turn(a, b, d) <= 0 and _turn(c, d, a) * _turn(c, d, b) <= 0


def _turn(a: Point, b: Point, c: Point) -> float:
    """Return a positive number if the path from a over b to c turns right."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def black_out(picture: Picture, masks: tuple[Mask, ...]) -> Picture:
    """Return a copy of the picture with the masks in black, or the picture itself without masks."""
    if not masks:
        return picture
    height, width = picture.shape[:2]
    hidden = picture.copy()
    for mask in masks:  # each for itself: in one call OpenCV would leave open what two of them cover
        corners = np.array(mask) * (width, height)
        edge = [np.floor(corners).astype(np.int32)]
        cv2.fillPoly(hidden, edge, BLACK)
        cv2.polylines(hidden, edge, isClosed=True, color=BLACK, thickness=EDGE_PIXELS)
    return hidden
