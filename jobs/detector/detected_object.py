"""The object that a detector found in a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DetectedObject:
    """One object in a picture; the box's sides are parts of the picture's height and width, 0..1."""

    label: str
    score: float
    ymin: float
    xmin: float
    ymax: float
    xmax: float
