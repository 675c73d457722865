"""Real frames of the clips, and each of them once more as another camera would show it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np

CLIPS: Final = ("bikes", "bigbuckbunny", "carphone_pristine")
"""A street, a drawn film, a face in a car."""


def mirrored(frame: np.ndarray) -> np.ndarray:
    """From the other side."""
    return frame[:, ::-1].copy()


def nearer(frame: np.ndarray) -> np.ndarray:
    """The middle, three fifths of each side."""
    height, width = frame.shape[:2]
    return frame[height // 5 : -(height // 5), width // 5 : -(width // 5)].copy()


def farther(frame: np.ndarray) -> np.ndarray:
    """Two thirds of its size, amid grey."""
    height, width = frame.shape[:2]
    return cv2.copyMakeBorder(frame, height // 4, height // 4, width // 4, width // 4,
                              cv2.BORDER_CONSTANT, value=(128, 128, 128))  # fmt: skip


def at_dusk(frame: np.ndarray) -> np.ndarray:
    """Two fifths of the light."""
    return cv2.convertScaleAbs(frame, alpha=0.4)


def in_the_sun(frame: np.ndarray) -> np.ndarray:
    """Overexposed."""
    return cv2.convertScaleAbs(frame, alpha=1.4, beta=30)


def out_of_focus(frame: np.ndarray) -> np.ndarray:
    """Blurred."""
    return cv2.GaussianBlur(frame, (7, 7), 0)


OTHER_LOOKS: Final[tuple[Callable[[np.ndarray], np.ndarray], ...]] = (
    mirrored, nearer, farther, at_dusk, in_the_sun, out_of_focus,
)  # fmt: skip


def read_frames(path: Path) -> list[np.ndarray]:
    """Every frame of a clip, BGR uint8 [H, W, 3]."""
    clip, frames = cv2.VideoCapture(str(path)), []
    while (read := clip.read())[0]:
        frames.append(read[1])
    clip.release()
    return frames


def varied_frames(clips: Path, step: int) -> list[np.ndarray]:
    """Every `step`-th frame of three clips, and each once more with one of six other looks in turn."""
    taken = [frame for name in CLIPS for frame in read_frames(clips / f"{name}.mp4")[::step]]
    return taken + [OTHER_LOOKS[at % len(OTHER_LOOKS)](frame) for at, frame in enumerate(taken)]
