"""Results of the checks of `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from stack.site.clock import Clock

UP = "./pycturestream up"


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check; `cure` says what to do if it is not `ok`, `seconds` how long it took."""

    name: str
    ok: bool
    detail: str
    cure: str = ""
    seconds: float = 0.0


def timed(findings: Iterator[Finding], clock: Clock) -> Iterator[Finding]:
    """Yield the findings, each with the time since the previous one."""
    while True:
        began = clock.monotonic()
        finding = next(findings, None)
        if finding is None:
            return
        yield replace(finding, seconds=round(clock.monotonic() - began, 2))
