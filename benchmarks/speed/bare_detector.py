"""Detection without Kafka, Spark or Delta: the bare loop, and the first PyctureStream's way.

Both run in processes of their own, one thread each, as many as the stream has workers.
"""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import cv2

from benchmarks.support.bench_pictures import CAMERAS, halves
from jobs.detector.detector import DetectorSettings, load_detector
from jobs.detector.images import decode_picture
from jobs.frames.analyse_frames import WITHOUT_PICTURE, load_once

FACTORY = "jobs.detector:load_detector"
STEP = 16
"""Pictures at a time, as in one Arrow batch of the stream."""


def detect_all(jpegs: list[bytes], settings: DetectorSettings) -> int:
    """Decode and detect every picture with this process's detector; how many objects."""
    cv2.setNumThreads(1)
    detector, found = load_once(FACTORY, settings), 0
    for start in range(0, len(jpegs), STEP):
        pictures = [decode_picture(jpeg, WITHOUT_PICTURE) for jpeg in jpegs[start : start + STEP]]
        found += sum(map(len, detector.detect(pictures)))
    return found


def first_way(jpegs: list[bytes], settings: DetectorSettings) -> float:
    """Frames a second when model and session are made anew for each frame, as in 2018."""
    began = time.perf_counter()
    for jpeg in jpegs:
        load_detector(settings).detect([decode_picture(jpeg)])
    return len(jpegs) / (time.perf_counter() - began)


class BareLoop:
    """Two processes with loaded detectors."""

    def __init__(self, settings: DetectorSettings, warm: list[bytes]) -> None:
        self._settings = settings
        self._pool = ProcessPoolExecutor(len(CAMERAS), mp_context=get_context("spawn"))
        self.rate(warm * len(CAMERAS))

    def rate(self, jpegs: list[bytes]) -> float:
        """Frames a second of both together."""
        began = time.perf_counter()
        done = [self._pool.submit(detect_all, half, self._settings) for half in halves(jpegs)]
        assert all(future.result() >= 0 for future in done)
        return len(jpegs) / (time.perf_counter() - began)

    def close(self) -> None:
        """End both."""
        self._pool.shutdown()


def rate_of_first_way(settings: DetectorSettings, jpegs: list[bytes]) -> float:
    """Frames a second of the first PyctureStream's way, on TensorFlow, in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(first_way, jpegs, replace(settings, engine="tensorflow")).result()
