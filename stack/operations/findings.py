"""What a check of `doctor` found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from stack.site.clock import Clock

UP = "./pycturestream up"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `cure` says what to do when it is not `ok`, `seconds` how long it took."""

    name: str
    ok: bool
    detail: str
    cure: str = ""
    seconds: float = 0.0


def timed(findings: Iterator[Finding], clock: Clock) -> Iterator[Finding]:
    """The same findings, each with the time since the one before."""
    while True:
        began = clock.monotonic()
        finding = next(findings, None)
        if finding is None:
            return
        yield replace(finding, seconds=round(clock.monotonic() - began, 2))
