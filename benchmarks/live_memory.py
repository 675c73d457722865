"""Whether the memory of the dashboard and of its live page grows with many cameras.

    python -m benchmarks.live_memory [--minutes 10] [--cameras 8] [--fps 2]

Sends as `benchmarks.live_page` does, but nothing drives the browser. Driven by a tool, which has each of 40
requests a second noted, the page grew by 8 MB a minute; left alone it did not. Goal: memory that grows by at
most a tenth from the first minute to the last. The first minute begins after one other, in which Chromium
fills its cache of decoded pictures, which it gives back where the machine needs memory.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.live_page import sending
from benchmarks.running_processes import end_when_asked
from benchmarks.verdict import verdict
from lake.config.settings import Settings
from tests.browser.chromium import find_browser
from tests.dashboards.pages import running_dashboard
from tests.faults.programs import Program, wait_for
from tests.faults.system import running_broker

GROWTH = 1.1
SAMPLE_S, WARM_S = 5, 60
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


def report(found: dict[str, Samples], sent: int, said: str) -> None:
    """Print the numbers and whether the goals are reached."""
    grid, fine = Table(said, "first minute", "last minute", "goal"), True
    console = Console(width=100)
    for name, samples in found.items():
        first, *_, last = by_minute(samples)
        grid.add_row(f"memory of the {name}", f"{first:.0f} MB", f"{last:.0f} MB", f"{first * GROWTH:.0f} MB")
        fine = fine and last <= first * GROWTH
    console.print(grid)
    for name, samples in found.items():
        console.print(f"MB by minute, {name}: {' '.join(f'{one:.0f}' for one in by_minute(samples))}")
    console.print(f"{sent:,} results sent; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    console.print(verdict(fine))


def main(
    minutes: Annotated[int, typer.Option(help="How long memory is looked at.", min=2)] = 10,
    cameras: Annotated[int, typer.Option(help="Cameras.")] = 8,
    fps: Annotated[float, typer.Option(help="Pictures a second of each.")] = 2,
) -> None:
    """Measure and print."""
    end_when_asked()
    clips = Settings.from_env(os.environ).home / "clips"
    with (
        tempfile.TemporaryDirectory() as folder,
        running_broker(Path(folder) / "broker") as broker,
        running_dashboard(Path(folder) / "data", broker.address) as base,
        sending(broker.address, clips, cameras, fps) as sender,
        browser(base, Path(folder) / "browser") as page,
    ):
        time.sleep(WARM_S)
        found = watch({"dashboard": dashboard(), "page in the browser": page}, minutes * 60)
        sent = len(sender.appended)
    report(found, sent, f"{cameras} cameras, {fps:g} pictures a second each, {minutes} minutes")


if __name__ == "__main__":
    typer.run(main)
