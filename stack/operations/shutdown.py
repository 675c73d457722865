"""`down`: stop everything in order, and leave no process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import psutil

from stack.programs.processes import end, is_alive, marked, tree
from stack.programs.programs import KAFKAS, NAMES
from stack.programs.supervision import Supervisor, socket_path
from stack.programs.waiting import ProgressScreen
from stack.site.clock import Clock
from stack.site.installation import Installation

STOP_TIMEOUT_S: Final = 30.0
"""Timeout for a program to end by itself."""


def bring_down(installation: Installation, screen: ProgressScreen, clock: Clock) -> None:
    """Stop all programs and the supervisor; kill remaining processes by pid."""
    supervisor = Supervisor(installation)
    supervisor_pid = supervisor.pid()
    states = supervisor.states()
    ours = set(marked(installation.config)) | set(tree(supervisor_pid) if supervisor_pid else [])
    if not ours:
        screen.line("nothing is running")
        return
    running = [name for name in reversed(NAMES) if name in states and states[name].pid]
    brokers = [name for name in running if name in KAFKAS]
    for name in running:
        if name in brokers:  # stopped together: a single one waits for its quorum in vain
            _order_end(brokers, supervisor)
        stop_program(name, states[name].pid, supervisor, screen, clock)
    supervisor.shutdown()
    _end_rest(installation, ours, screen, gently=supervisor_pid is None)
    socket_path(installation.settings.run).unlink(missing_ok=True)
    screen.line("everything is stopped")


def _order_end(programs: Sequence[str], supervisor: Supervisor) -> None:
    for name in programs:
        supervisor.stop(name)


def stop_program(name: str, pid: int, supervisor: Supervisor, screen: ProgressScreen, clock: Clock) -> None:
    """Stop one program and its whole process tree, and wait for its end."""
    members = tree(pid)
    screen.waiting(f"stopping {name}")
    supervisor.stop(name)
    deadline = clock.monotonic() + STOP_TIMEOUT_S
    while any(is_alive(member) for member in members) and clock.monotonic() < deadline:
        clock.sleep(0.1)
    killed = end(members, timeout_s=0)
    how = (
        f"did not end within {STOP_TIMEOUT_S:.0f} s; killed {len(killed)} processes" if killed else "stopped"
    )
    screen.line(f"{name} {how}")


def _end_rest(
    installation: Installation, ours: set[psutil.Process], screen: ProgressScreen, gently: bool
) -> None:
    if gently:  # The supervisor was killed: nobody else ends its orphans.
        for process in ours:
            if is_alive(process):
                process.terminate()
    killed = end(ours, timeout_s=STOP_TIMEOUT_S)
    killed += end(marked(installation.config), timeout_s=0)
    if killed:
        screen.line(f"killed {len(killed)} processes that did not end: {', '.join(map(str, killed))}")
