"""The real detector, but one colour is deadly: a stand-in for a crash inside native code."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import numpy as np

from jobs.detector import DetectedObject, Detector, DetectorSettings, load_detector
from tests.faults.wire import KILLER_BGR


class CrashingDetector:
    """Dies of SIGSEGV where a picture is of the deadly colour, give or take JPEG's rounding."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        for picture in pictures:
            if np.abs(picture[::50, ::50].astype(int) - KILLER_BGR).max() < 8:
                os.kill(os.getpid(), signal.SIGSEGV)
        return self._detector.detect(pictures)


def load(settings: DetectorSettings) -> CrashingDetector:
    """As `jobs.detector.load_detector`."""
    return CrashingDetector(load_detector(settings))
