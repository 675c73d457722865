"""Opening, reading and losing live sources."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import psutil

from capture.pictures.freeze_detector import FreezeDetector
from capture.sources.live_source import LiveSource
from capture.sources.source import CameraUnavailableError
from tests.capture.fakes import camera_of, number_of


def source_at(
    url: str, *, patience: float = 5.0, frozen: float = 0.0, clock: Callable[[], float] = time.monotonic
) -> LiveSource:
    return LiveSource(camera_of(url), patience, FreezeDetector(frozen, clock))


@contextmanager
def opened(source: LiveSource) -> Iterator[LiveSource]:
    """The source, open, and closed at the end."""
    source.open()
    try:
        yield source
    finally:
        source.close()


def pictures(source: LiveSource) -> Iterator[np.ndarray]:
    """Pictures as they come, until the source is lost."""
    for _ in range(200):
        picture = source.read(1)
        if picture is not None:
            yield picture


def loss_of(source: LiveSource) -> tuple[list[int], str]:
    """Numbers of the pictures until the source is lost, and what is said then."""
    seen = []
    try:
        seen.extend(number_of(picture) for picture in pictures(source))
    except CameraUnavailableError as error:
        return seen, str(error)
    raise AssertionError("the source was never lost")


def readers() -> list[psutil.Process]:
    """The processes that read cameras for this one."""
    return [
        child for child in psutil.Process().children() if "capture.sources.reader_process" in child.cmdline()
    ]
