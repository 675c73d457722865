"""Processes of a test: each a session of its own, with a log, and ended for good."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

from stack.programs.processes import GONE_ERRORS, end, is_alive

ROOT = Path(__file__).parents[3]
PATIENCE_S = 300.0
QUICK_TO_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m"
"""Of a JVM: a third less processor time for tests, whose code is never run often enough to be optimised."""
Found = TypeVar("Found")


class Program:
    """One program; whatever it leaves behind is found by the session it was started in."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path, cwd: Path = ROOT) -> None:
        self.command, self.env, self.log, self.cwd = list(command), dict(env), log, cwd
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self._sessions: list[int] = []

    @property
    def pid(self) -> int:
        """Process id of the last start."""
        assert self.process is not None, f"{self.command} was never started"
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether the last start still runs."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the program in a session of its own; its output is appended to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.env, cwd=self.cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.starts += 1
        self._sessions.append(self.process.pid)

    def tree(self) -> list[psutil.Process]:
        """All living processes that this program ever started, orphans included."""
        return [one for one in psutil.process_iter() if _session(one) in self._sessions and is_alive(one)]

    def kill(self) -> None:
        """SIGKILL the program alone, as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self, patience_s: float = 40) -> int:
        """SIGTERM, as its supervisor would; the exit status. What is left after that is killed."""
        left = self.tree()
        if self.runs:
            assert self.process is not None
            self.process.terminate()
        end(left, patience_s)
        end(self.tree(), 0)
        return self.process.wait(5) if self.process is not None else 0

    def said(self, *words: str) -> bool:
        """Whether one line of the log holds all the words."""
        return any(all(word in line for word in words) for line in self.lines())

    def lines(self) -> list[str]:
        """Lines of the log so far."""
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []

    def tail(self, lines: int = 60) -> str:
        """The last lines of the log."""
        return "\n".join(self.lines()[-lines:])


def _session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except (OSError, *GONE_ERRORS):
        return None


def wait_for(
    what: str, probe: Callable[[], Found | None], patience_s: float = PATIENCE_S, every_s: float = 0.1
) -> Found:
    """What `probe` finds, asked again and again until it finds something; seldom, where asking is dear."""
    until = time.monotonic() + patience_s
    while not (found := probe()):
        assert time.monotonic() < until, f"no {what} within {patience_s:g} s"
        time.sleep(every_s)
    return found


def freeze(process: psutil.Process) -> None:
    """Stop every thread of a process where it stands."""
    process.send_signal(signal.SIGSTOP)


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody uses now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
