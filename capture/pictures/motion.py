"""The motion gate: how much of a picture moved, and whether it is worth sending."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, Final

import cv2
import numpy as np

from capture.pictures.encoding import Picture, shrink

RANGES: Final = {"motion_threshold": (1, 254), "motion_area": (0, 1), "still_interval": (0.1, 86_400)}
KEYS: Final = ("motion", *RANGES)
"""Keys of an entry of `cameras.toml` about motion."""
REDUCED_SIDE: Final = 160
"""Longest side, pixels, of the compared pictures: averaging 8 x 8 pixels removes the noise of a night."""
MEMORY_SECONDS: Final = 3.0
"""Time constant of the usual picture, s: it absorbs slow changes of light, not a slow walker."""


class MotionRuleError(ValueError):
    """A setting of the gate outside its range; the message names it, its value and the range."""


@dataclass(frozen=True, slots=True)
class MotionRule:
    """Rule that decides which pictures are sent.

    Attributes:
        threshold: levels of grey, of 255, by which a point must differ from the usual to have changed.
        area: share of the picture, 0..1, that must have changed.
        still_interval: seconds; at least one picture in so many is sent, whatever moves. The default is how
            long an analysed picture counts as seen in the reports.
    """

    threshold: float = 25.0
    area: float = 0.001
    still_interval: float = 10.0

    def __post_init__(self) -> None:
        """Validate the ranges."""
        for (key, (low, high)), value in zip(RANGES.items(), astuple(self), strict=True):
            if type(value) not in (int, float) or not low <= value <= high:
                raise MotionRuleError(f"{key} = {value!r} must be a number from {low:g} to {high:g}")


def motion_rule(entry: Mapping[str, Any]) -> MotionRule | None:
    """Parse the rule of an entry; None if it does not enable the gate.

    Raises:
        MotionRuleError: a value cannot be used, or the gate has settings but no `motion`.
    """
    switch, values = entry.get("motion"), {key: entry[key] for key in RANGES if key in entry}
    if type(switch) not in (bool, type(None)):
        raise MotionRuleError(f"motion = {switch!r} must be true or false")
    if values and switch is None:
        raise MotionRuleError(f"{', '.join(values)} needs the motion gate; add motion = true")
    rule = MotionRule(**{key.removeprefix("motion_"): value for key, value in values.items()})
    return rule if switch else None


class MotionGate:
    """Compares each picture with what was usual in the last seconds; about 0.4 ms at 1280x720."""

    def __init__(self, rule: MotionRule) -> None:
        """Start without a usual picture; the first one is always sent."""
        self._rule = rule
        self._usual: np.ndarray[Any, np.dtype[np.float32]] | None = None
        self._compared_at = 0.0
        self._sent_at = float("-inf")

    def measure(self, picture: Picture, now: float) -> float | None:
        """Return the share of the picture that changed, 0..1, and update the usual picture.

        Args:
            picture: what the camera saw, masks included.
            now: seconds of a monotonic clock.

        Returns:
            None when there is nothing to compare with: the first picture, or one of another shape.
        """
        grey = _reduced(picture)
        elapsed, self._compared_at = now - self._compared_at, now
        if self._usual is None or self._usual.shape != grey.shape:
            self._usual = grey.astype(np.float32)
            return None
        difference = cv2.absdiff(grey, cv2.convertScaleAbs(self._usual))
        changed = np.count_nonzero(difference > self._rule.threshold)
        cv2.accumulateWeighted(grey, self._usual, 1 - math.exp(-elapsed / MEMORY_SECONDS))
        return float(changed) / grey.size

    def passes(self, motion: float | None, now: float, interval: float) -> bool:
        """Return whether to send a picture of that much motion, the next one coming in `interval` seconds."""
        moved = motion is None or motion >= self._rule.area
        if not moved and now + interval - self._sent_at <= self._rule.still_interval:
            return False
        self._sent_at = now
        return True


def _reduced(picture: Picture) -> Picture:
    return shrink(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8), REDUCED_SIDE)
