"""The last lines of the programs' logs, and lines added to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from stack.programs.programs import NAMES, names
from stack.site.clock import Clock
from stack.site.installation import Installation

SUPERVISOR: Final = "supervisord"


class UnknownProgramError(LookupError):
    """A program that does not exist."""


def last_lines(log: Path, count: int) -> list[str]:
    """Return the last lines of a log; empty if there is none."""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            return [line.rstrip("\n") for line in deque(lines, maxlen=count)]
    except OSError:
        return []


class LogFollower:
    """Reads lines added to a log, across its rotation by size."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._inode, self._position = self._where()

    def _where(self) -> tuple[int, int]:
        try:
            stat = self.log.stat()
        except OSError:
            return 0, 0
        return stat.st_ino, stat.st_size

    def added(self) -> str:
        """Return the complete lines written since the last call."""
        inode, size = self._where()
        if inode != self._inode or size < self._position:
            self._inode, self._position = inode, 0
        if size == self._position:
            return ""
        with self.log.open("rb") as file:
            file.seek(self._position)
            whole = file.read().rpartition(b"\n")
        text = whole[0] + whole[1]
        self._position += len(text)
        return text.decode("utf-8", "replace")


def choose_logs(installation: Installation, program: str | None) -> list[Path]:
    """Return the log of one program, or of all.

    Raises:
        UnknownProgramError: there is no such program.
    """
    present = names(installation)
    if program is not None and program not in (*NAMES, SUPERVISOR):
        raise UnknownProgramError(f"no program {program!r}; there are {', '.join((*present, SUPERVISOR))}")
    if program:
        return [installation.log(program)]
    return [log for name in NAMES if (log := installation.log(name)).exists() or name in present]


def follow(logs: Sequence[Path], clock: Clock) -> Iterator[tuple[Path, str]]:
    """Yield forever a log and the text added to it."""
    followers = [LogFollower(log) for log in logs]
    while True:
        for follower in followers:
            if text := follower.added():
                yield follower.log, text
        clock.sleep(0.3)
