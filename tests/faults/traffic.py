"""Cameras that send more than a test looks at one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

from benchmarks.support.running.system import System
from benchmarks.support.running.wire import Place, frame, pictures

MANY = 120
"""Frames that keep the detector busy for some seconds."""
EVERY_S = 0.3


def send_frames(system: System, camera: str, count: int = MANY) -> list[Place]:
    """Frames of the demo clip, captured now."""
    clip = cycle(pictures(system.installation.settings.home / "clips"))
    return system.send(*(frame(next(clip), camera, number) for number in range(count)))


@contextmanager
def frames_arriving(system: System, camera: str, count: int = 3) -> Iterator[None]:
    """Some frames again and again, so that there is always a next batch."""
    enough = threading.Event()

    def feed() -> None:
        while not enough.wait(EVERY_S):
            send_frames(system, camera, count)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        yield
    finally:
        enough.set()
        feeder.join(60)
