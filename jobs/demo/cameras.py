"""The demo's cameras: their objects, busy times and positions in the picture. Invented, not measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

PREFIX: Final = "synthetic-"
MAX_CAMERAS: Final = 50
SIZES: Final = {
    "person": (0.42, 0.13),
    "bicycle": (0.24, 0.18),
    "car": (0.22, 0.30),
    "motorcycle": (0.22, 0.20),
    "bus": (0.38, 0.44),
    "truck": (0.34, 0.40),
    "traffic light": (0.14, 0.05),
    "bench": (0.18, 0.26),
    "dog": (0.18, 0.18),
    "cat": (0.13, 0.14),
    "bird": (0.06, 0.07),
    "chair": (0.28, 0.16),
    "couch": (0.32, 0.42),
    "laptop": (0.16, 0.18),
    "tv": (0.24, 0.28),
    "refrigerator": (0.55, 0.22),
}
"""Label → usual height and width of its box, as parts of the picture."""
OTHER_SIZE: Final = (0.12, 0.10)


@dataclass(frozen=True, slots=True)
class Scene:
    """What one camera sees.

    Attributes:
        name: in the camera's id, behind PREFIX.
        labels: label → share of the objects.
        rush: (hour of the day in UTC, its width in hours, its height) of each busy time.
        quiet: activity between the busy times; must be above 0.
        weekend: activity on Saturday and Sunday, of that on a working day.
        busy: number of objects, relative to an average camera.
        centre: (y, x) around which the objects appear, as parts of the picture.
    """

    name: str
    labels: dict[str, float]
    rush: tuple[tuple[float, float, float], ...]
    quiet: float
    weekend: float
    busy: float
    centre: tuple[float, float]

    def activity(self, hour: np.ndarray) -> np.ndarray:
        """Return relative activity at hours of the day (UTC, 0..24), a sum of bells that wrap at midnight."""
        total = np.full(hour.shape, self.quiet)
        for middle, width, height in self.rush:
            distance = np.abs((hour + 0.5 - middle + 12) % 24 - 12)
            total += height * np.exp(-((distance / width) ** 2) / 2)
        return total


SCENES: Final = (
    Scene(
        "door",
        {"person": 0.66, "dog": 0.1, "backpack": 0.08, "handbag": 0.06, "cat": 0.06, "umbrella": 0.04},
        ((7.5, 1.0, 1.0), (12.5, 1.5, 0.4), (17.5, 1.8, 1.2)), 0.05, 0.8, 0.8, (0.55, 0.5),
    ),
    Scene(
        "yard",
        {"cat": 0.26, "bird": 0.26, "person": 0.22, "dog": 0.14, "bicycle": 0.07, "car": 0.05},
        ((6.5, 1.5, 0.7), (15.5, 3.5, 0.8)), 0.1, 1.3, 0.5, (0.6, 0.4),
    ),
    Scene(
        "street",
        {"car": 0.5, "person": 0.22, "bicycle": 0.1, "truck": 0.07, "bus": 0.05, "motorcycle": 0.04,
         "traffic light": 0.02},
        ((7.5, 1.2, 1.0), (13.0, 4.0, 0.5), (16.8, 1.6, 1.2)), 0.12, 0.7, 1.9, (0.55, 0.5),
    ),
    Scene(
        "office",
        {"person": 0.4, "chair": 0.24, "laptop": 0.14, "cup": 0.07, "cell phone": 0.05, "book": 0.04,
         "potted plant": 0.03, "keyboard": 0.03},
        ((10.0, 1.8, 1.0), (14.5, 2.0, 1.0)), 0.03, 0.15, 0.9, (0.5, 0.55),
    ),
    Scene(
        "garage",
        {"car": 0.62, "person": 0.24, "bicycle": 0.09, "motorcycle": 0.05},
        ((7.2, 0.8, 1.0), (17.8, 1.4, 1.0)), 0.05, 0.5, 0.4, (0.6, 0.55),
    ),
    Scene(
        "kitchen",
        {"person": 0.36, "cup": 0.16, "bottle": 0.14, "bowl": 0.12, "chair": 0.12, "refrigerator": 0.06,
         "cat": 0.04},
        ((6.8, 0.9, 0.9), (12.2, 0.9, 0.7), (18.3, 1.4, 1.2)), 0.04, 1.4, 0.7, (0.55, 0.45),
    ),
    Scene(
        "square",
        {"person": 0.7, "bicycle": 0.1, "dog": 0.07, "bench": 0.06, "bird": 0.07},
        ((12.3, 2.5, 1.0), (18.0, 2.5, 0.9)), 0.06, 1.6, 1.5, (0.6, 0.5),
    ),
    Scene(
        "lounge",
        {"person": 0.4, "couch": 0.2, "tv": 0.12, "cat": 0.12, "remote": 0.06, "book": 0.05, "cup": 0.05},
        ((19.5, 2.0, 1.2), (9.5, 1.5, 0.4)), 0.06, 1.5, 0.6, (0.6, 0.5),
    ),
)  # fmt: skip


def camera_names(count: int) -> list[str]:
    """Return the ids of the first cameras, marked as synthetic: each scene in turn, then again with 2.

    >>> camera_names(9)[::8]
    ['synthetic-door', 'synthetic-door-2']
    """
    rounds = [divmod(number, len(SCENES)) for number in range(count)]
    return [
        f"{PREFIX}{SCENES[index].name}" + (f"-{round_number + 1}" if round_number else "")
        for round_number, index in rounds
    ]


def scene_of(camera: int) -> Scene:
    """Return the scene of the camera with this number, from 0."""
    return SCENES[camera % len(SCENES)]
