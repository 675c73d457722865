"""Clocks, passed as values so that waiting and freshness can be tested."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A clock for timestamps, deadlines and waiting."""

    def now(self) -> datetime:
        """Return the current time, UTC."""
        ...

    def monotonic(self) -> float:
        """Return monotonic seconds, for deadlines."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock; the only place of the command that reads it."""

    def now(self) -> datetime:
        """Return the current time, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
