"""Waits until a supervised program is healthy, and reports why it is not."""

from __future__ import annotations

from typing import Final, Protocol

from stack.programs.health import health_problem
from stack.programs.logs import last_lines
from stack.programs.supervision import Supervisor
from stack.site.clock import Clock
from stack.site.installation import Installation

START_TIMEOUT_S: Final = 300.0
"""Timeout for a program to become healthy: a busy machine took over 120 s to start Spark."""
RESTART_LOOP_TIMEOUT_S: Final = 120.0
"""Timeout for a program that ended and waits to be restarted."""


class UnhealthyError(RuntimeError):
    """A program that did not become healthy; the message ends with its last log lines."""


class ProgressScreen(Protocol):
    """Shows the progress of a start."""

    def line(self, text: str) -> None:
        """Print a permanent line."""
        ...

    def waiting(self, text: str) -> None:
        """Show what is being waited for, replacing the last such text."""
        ...


def wait_healthy(
    installation: Installation, name: str, supervisor: Supervisor, screen: ProgressScreen, clock: Clock
) -> None:
    """Wait until a program is healthy.

    At most `START_TIMEOUT_S`, or `RESTART_LOOP_TIMEOUT_S` if it keeps ending.

    Raises:
        UnhealthyError: the supervisor gave up, or the timeout is over.
    """
    began = clock.monotonic()
    while True:
        state = supervisor.states().get(name)
        problem = health_problem(installation, name, clock, state.pid if state else None)
        if problem is None:
            break
        word, waited = state.state if state is not None else "", clock.monotonic() - began
        if word == "FATAL" or waited > (RESTART_LOOP_TIMEOUT_S if word == "BACKOFF" else START_TIMEOUT_S):
            end = "the supervisor gave up on it" if word == "FATAL" else f"not healthy after {waited:.0f} s"
            raise UnhealthyError(failure_report(installation, name, f"{end} ({problem})"))
        suffix = " (restarting)" if word == "BACKOFF" else ""
        screen.waiting(f"waiting for {name}: {problem}{suffix}")
        clock.sleep(0.5)
    screen.line(f"{name} is healthy")


def failure_report(installation: Installation, name: str, end: str) -> str:
    """Format how a program ended, with the last lines of its log."""
    log = installation.log(name)
    lines = "\n".join(last_lines(log, 20)) or "(nothing)"
    return f"{name}: {end}. The last lines of {log}:\n{lines}"
