"""Pause archiving while the lake's disk is too full; pictures wait in Kafka."""

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
    """The application stops while a batch waits for disk space; the next start reads its records again."""


@dataclass(slots=True)
class DiskGuard:
    """Holds a batch until the disk has space; one batch waits at a time.

    A batch that waits commits nothing: its records stay in Kafka for as long as the topic keeps them, and
    what expires meanwhile is recorded like any other gap.

    Attributes:
        folder: on the disk in question; it exists.
        min_free: bytes that stay free.
        stopping: set when the application ends.
        paused: why nothing is archived at present, in one sentence; None while there is space.
    """

    folder: Path
    min_free: float
    stopping: threading.Event = field(default_factory=threading.Event)
    paused: str | None = None

    def wait(self) -> None:
        """Block until the disk has enough space.

        Raises:
            StoppedWhileWaitingError: the application ended first.
        """
        while (free := shutil.disk_usage(self.folder).free) < self.min_free:
            self._warn(free)
            if self.stopping.wait(CHECK_INTERVAL_S):
                raise StoppedWhileWaitingError("stopped while pictures waited for room on the disk")
        if self.paused:
            LOG.info("there is room again: pictures are archived from where they waited")
        self.paused = None

    def _warn(self, free: int) -> None:
        was_paused = self.paused is not None
        self.paused = (
            f"pictures are not archived and wait in Kafka: the disk of {self.folder} has {free / GB:.1f} GB"
            f" free, under {self.min_free / GB:g} GB; free some"
        )
        if not was_paused:
            LOG.warning("%s", self.paused)
