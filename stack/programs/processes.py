"""Process trees: finds ours, measures their memory, and ends them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil

from lake.config.sources import MARK

GONE_ERRORS = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants; empty if it is gone."""
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except GONE_ERRORS:
        return []


def marked(config: Path) -> list[psutil.Process]:
    """Return all processes started under this configuration, orphans of a killed supervisor included."""
    return [process for process in psutil.process_iter() if _mark_of(process) == str(config)]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return str(process.environ().get(MARK))
    except (*GONE_ERRORS, OSError):
        return None


def memory_mb(pid: int) -> float:
    """Return the memory of a process tree in MB (1,000,000 bytes).

    The sum of the proportional set sizes, which divide a page among the processes that map it, where
    the system has them (Linux), else of the unique set sizes. Resident set sizes would count
    every shared page, for example of forked Python workers, once for each.
    """
    return round(sum(_bytes(process) for process in tree(pid)) / 1e6, 1)


def _bytes(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", 0) or memory.uss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process still runs; a zombie does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def end(processes: Iterable[psutil.Process], timeout_s: float) -> list[int]:
    """Wait until the processes are gone and kill those that stay.

    Args:
        processes: recorded earlier; a recycled pid is recognised by its start time.
        timeout_s: seconds before they are killed.

    Returns:
        The pids that had to be killed.
    """
    _, remaining = psutil.wait_procs(
        [process for process in processes if is_alive(process)], timeout=timeout_s
    )
    alive = [process for process in remaining if is_alive(process)]
    for process in alive:
        try:
            process.kill()
        except GONE_ERRORS:
            continue
    psutil.wait_procs(alive, timeout=5)
    return [process.pid for process in alive]
