"""Pictures wait in Kafka while the lake's disk is too full for them."""

from __future__ import annotations

import logging
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LOG: Final = logging.getLogger("stream")
CHECK_INTERVAL_S: Final = 2.0
GB: Final = 1e9


class StoppedWhileWaitingError(RuntimeError):
    """The application ends while a batch waits for room; its records are read again at the next start."""


@dataclass(slots=True)
class DiskRoom:
    """Lets a batch through as soon as the disk has room; one batch waits at a time.

    A batch that waits commits nothing: its records stay in Kafka for as long as the topic keeps them, and
    what expires meanwhile is recorded like any other gap.

    Attributes:
        folder: on the disk in question; it exists.
        least: bytes that stay free.
        stopping: set when the application ends.
        paused: why nothing is archived just now, in one sentence; None while there is room.
    """

    folder: Path
    least: float
    stopping: threading.Event = field(default_factory=threading.Event)
    paused: str | None = None

    def wait(self) -> None:
        """Return at once where there is room, otherwise when there is.

        Raises:
            StoppedWhileWaitingError: the application ended first.
        """
        while (free := shutil.disk_usage(self.folder).free) < self.least:
            self._say(free)
            if self.stopping.wait(CHECK_INTERVAL_S):
                raise StoppedWhileWaitingError("stopped while pictures waited for room on the disk")
        if self.paused:
            LOG.info("there is room again: pictures are archived from where they waited")
        self.paused = None

    def _say(self, free: int) -> None:
        told = self.paused is not None
        self.paused = (
            f"pictures are not archived and wait in Kafka: the disk of {self.folder} has {free / GB:.1f} GB"
            f" free, under {self.least / GB:g} GB; free some"
        )
        if not told:
            LOG.warning("%s", self.paused)
