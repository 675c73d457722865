"""Detects a camera that repeats the same picture, as cameras and recorders do when they hang."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from capture.pictures.encoding import Picture

MIN_PICTURES: Final = 10
MAX_SECONDS: Final = 3600.0


@dataclass(slots=True)
class FreezeDetector:
    """Compares each picture with the one before, byte for byte by their checksums.

    Even a still scene has noise, but a black one may have none; so the alarm is repeated ever more rarely.

    Attributes:
        limit: seconds and at least 10 pictures without a change are an alarm; 0: never.
        monotonic: gives seconds.
    """

    limit: float
    monotonic: Callable[[], float]
    _checksum: int = field(default=-1, init=False)
    _since: float = field(default=0.0, init=False)
    _pictures: int = field(default=0, init=False)
    _patience: float = field(default=0.0, init=False)

    def check(self, picture: Picture) -> float | None:
        """Return the seconds without a change if they are an alarm, else None."""
        if not self.limit:
            return None
        now, checksum = self.monotonic(), zlib.crc32(picture.data)
        if checksum != self._checksum:
            self._checksum, self._since, self._pictures, self._patience = checksum, now, 0, self.limit
        self._pictures += 1
        seconds = now - self._since
        if self._pictures < MIN_PICTURES or seconds < self._patience:
            return None
        self._patience = seconds + min(seconds, MAX_SECONDS)
        return seconds
