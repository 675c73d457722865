"""The real detector, but one colour is deadly and one takes long: stand-ins for what native code may do."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.support.running.wire import KILLER_BGR, SLOW_BGR
from jobs.detector.detected_object import DetectedObject
from jobs.detector.detector import Detector, DetectorSettings, load_detector

SLOW_S = 3.0
AT_WORK = "analysing"
"""A file in the folder of temporary files: the process that looks at a slow picture right now."""


class CrashingDetector:
    """Dies of SIGSEGV at a picture of the deadly colour, and takes its time over one of the slow one."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        for picture in pictures:
            if is_full_of(picture, KILLER_BGR):
                os.kill(os.getpid(), signal.SIGSEGV)
            if is_full_of(picture, SLOW_BGR):
                Path(tempfile.gettempdir(), AT_WORK).write_text(str(os.getpid()))
                time.sleep(SLOW_S)
        return self._detector.detect(pictures)


def is_full_of(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    """Whether the picture shows nothing else, give or take JPEG's rounding."""
    return bool(np.abs(picture[::50, ::50].astype(int) - colour).max() < 8)


def load(settings: DetectorSettings) -> CrashingDetector:
    """As `jobs.detector.detector.load_detector`."""
    return CrashingDetector(load_detector(settings))
