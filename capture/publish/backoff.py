"""Waiting times between retries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Exponential waits with full-to-half jitter, so that many agents do not return in step.

    Attributes:
        first, longest: seconds before jitter, of the first and of every late wait.
        chance: returns a number in 0..1, `random.random` in production.
    """

    chance: Callable[[], float]
    first: float = 0.5
    longest: float = 30.0
    _tries: int = field(default=0, init=False)

    def next(self) -> float:
        """Return the seconds to wait: between half and all of the step, which doubles each time."""
        step = min(self.longest, self.first * 2.0 ** min(self._tries, 32))
        self._tries += 1
        return step * (0.5 + 0.5 * self.chance())

    def reset(self) -> None:
        """Start again with the first wait."""
        self._tries = 0
