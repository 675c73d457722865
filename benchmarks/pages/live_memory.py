"""Memory of the dashboard and of its live page over time, for `benchmarks.pages.live_page`.

Nothing drives the browser here: driven by a tool, which has each of 40 requests a second noted, the page grew
by 8 MB a minute; left alone it did not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from benchmarks.support.running.chromium import find_browser
from benchmarks.support.running.programs import Program, wait_for

SAMPLE_S = 5
Samples = list[tuple[float, float]]
"""Seconds and megabytes."""


@contextmanager
def browser(address: str, folder: Path) -> Iterator[psutil.Process]:
    """The process that draws a page in a fresh browser, which is ended for good."""
    # Chromium's own sandbox does not work as root, nor in most containers.
    program = Program(
        [find_browser(), "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900",
         f"--user-data-dir={folder}", address], os.environ, folder / "browser.log",
    )  # fmt: skip
    program.start()
    try:
        yield wait_for("page", lambda: drawing(program))
    finally:
        program.stop()


def drawing(program: Program) -> psutil.Process | None:
    """The largest of the browser's processes that draw, once it holds pictures."""
    found = [one for one in program.tree() if "--type=renderer" in one.cmdline()]
    largest = max(found, key=megabytes, default=None)
    return largest if largest and megabytes(largest) > 100 else None


def dashboard() -> psutil.Process:
    """The dashboard that this process started."""
    [found] = [one for one in psutil.Process().children(recursive=True) if "dashboards" in one.cmdline()]
    return found


def megabytes(process: psutil.Process) -> float:
    """What a process holds, its share of what it shares."""
    return float(process.memory_full_info().pss) / 2**20


def watch(processes: dict[str, psutil.Process], seconds: float) -> dict[str, Samples]:
    """Sizes over time, by name."""
    found: dict[str, Samples] = {name: [] for name in processes}
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        for name, process in processes.items():
            found[name].append((passed, megabytes(process)))
        time.sleep(SAMPLE_S)
    return found


def by_minute(samples: Samples) -> list[float]:
    """Means, so that one sees whether what grew goes on growing."""
    minutes = sorted({int(at // 60) for at, _ in samples})
    return [float(np.mean([size for at, size in samples if at // 60 == minute])) for minute in minutes]
