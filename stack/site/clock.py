"""Time as a value that is handed down, so that waiting and freshness can be tested."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What waiting needs to know about time."""

    def now(self) -> datetime:
        """The moment, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow, for deadlines."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's own clock; the only place of the command that asks it."""

    def now(self) -> datetime:
        """The moment, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
