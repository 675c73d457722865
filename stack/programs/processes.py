"""Process trees: who belongs to us, what they use, and how to end them for good."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil

from lake.config.sources import MARK

GONE_ERRORS = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)


def tree(pid: int) -> list[psutil.Process]:
    """A process and all its descendants; empty when it is gone."""
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except GONE_ERRORS:
        return []


def marked(config: Path) -> list[psutil.Process]:
    """Every process started under this configuration, orphans of a killed supervisor included."""
    return [process for process in psutil.process_iter() if _mark_of(process) == str(config)]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return str(process.environ().get(MARK))
    except (*GONE_ERRORS, OSError):
        return None


def memory_mb(pid: int) -> float:
    """Memory of a process tree in MB (1,000,000 bytes).

    The sum of the proportional set sizes, which share out a page between those who map it, where
    the system knows them (Linux), else of the unique set sizes. Resident set sizes would count
    every shared page, for example of forked Python workers, once for each.
    """
    return round(sum(_bytes(process) for process in tree(pid)) / 1e6, 1)


def _bytes(process: psutil.Process) -> int:
    try:
        used = process.memory_full_info()
        return int(getattr(used, "pss", 0) or used.uss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that only waits for its parent to collect it does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def end(processes: Iterable[psutil.Process], patience_s: float) -> list[int]:
    """Wait until the processes are gone and kill those that stay.

    Args:
        processes: recorded earlier; a recycled pid is told apart by its start time.
        patience_s: seconds before they are killed.

    Returns:
        The pids that had to be killed.
    """
    _, left = psutil.wait_procs([one for one in processes if is_alive(one)], timeout=patience_s)
    alive = [process for process in left if is_alive(process)]
    for process in alive:
        try:
            process.kill()
        except GONE_ERRORS:
            continue
    psutil.wait_procs(alive, timeout=5)
    return [process.pid for process in alive]
