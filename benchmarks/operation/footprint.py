"""What the whole system costs: its start, memory with the demo camera, processor time without a camera.

    python -m benchmarks.operation.footprint [--starts 3] [--busy 180] [--rest 180] [--seconds 120]

Everything is fetched and the environment made before. A start is timed from the command to the first result
on Kafka, of the demo camera; the first start finds an empty data folder, the others what the last one left,
and the slowest is compared with the goal. After the last one the demo camera sends for a while, then the
memory is read; the camera is taken out of the list, the system comes to rest, then the processor time is
counted, between the hour's scheduled runs. Memory is the sum of the proportional set sizes, which share out a
page between those who map it (on Linux); the plain sum of the resident set sizes, which counts every shared
page again and again, is told beside it.
"""

from __future__ import annotations

import os
import shlex
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.operation.demo_system import SUPERVISOR, cpu_seconds, demo_system, make_up, programs_of
from benchmarks.support.goals import all_reached, goals_table, write
from benchmarks.support.running.running_processes import end_when_asked
from benchmarks.support.running.whole_system import WholeSystem
from benchmarks.support.verdict import verdict
from stack.programs.processes import GONE_ERRORS, memory_mb, tree

RUNS: Final = ((0, 12), (25, 32), (60, 72))
"""Minutes of the hour: `hourly_counts` and `data_quality`, then `lake_maintenance`; then the next hour's."""


def start(system: WholeSystem, count: int, command: list[str]) -> dict[str, Any]:
    """Start everything so many times, the first on an empty folder, and leave it running; the figures."""
    seconds = [make_up(system, command)]
    for _ in range(count - 1):
        system.down()
        seconds.append(make_up(system, command))
    starts = [round(one, 1) for one in seconds]
    return {"warm_up_to_first_result_s": max(starts), "command": shlex.join(command), "starts_s": starts}


def measure(system: WholeSystem, busy_s: float, rest_s: float, seconds: float) -> dict[str, Any]:
    """Memory of the running system with the demo camera, processor time without."""
    time.sleep(busy_s)
    programs = programs_of(system)
    memory = {name: memory_mb(pid) for name, pid in programs.items()}
    resident = resident_mb(programs[SUPERVISOR])
    system.command("camera", "remove", "demo")
    time.sleep(rest_s)
    time.sleep(until_between_runs(datetime.now(UTC), seconds))
    before, began = cpu_seconds(programs), time.monotonic()
    time.sleep(seconds)
    after, passed = cpu_seconds(programs), time.monotonic() - began
    if programs_of(system) != programs:
        raise SystemExit("a program was started again meanwhile: nothing was measured")
    return figures(memory, resident, percents(before, after, passed))


def until_between_runs(now: datetime, seconds: float) -> float:
    """Seconds until so many begin in which no run of the hour is scheduled.

    >>> until_between_runs(datetime(2026, 1, 2, 23, 24), 120)
    480.0
    """
    minute = now.minute + now.second / 60
    ends = (end for first, end in RUNS if minute < end and minute + seconds / 60 > first)
    return 60.0 * (next(ends, minute) - minute)


def resident_mb(pid: int) -> float:
    """Resident set sizes of a process and all below it in MB, shared pages counted each time."""
    total = 0
    for process in tree(pid):
        try:
            total += process.memory_info().rss
        except GONE_ERRORS:
            continue
    return total / 1e6


def percents(before: Mapping[str, float], after: Mapping[str, float], passed: float) -> dict[str, float]:
    """Percent of one core that each program used, from its processor seconds before and after."""
    return {name: 100 * (after[name] - before[name]) / passed for name in before}


def figures(memory: Mapping[str, float], resident: float, cpu: Mapping[str, float]) -> dict[str, Any]:
    """As written: sums in GB and percent of a core, and each program.

    Args:
        memory: MB by program; that of the supervisor holds all others.
        resident: MB of all.
        cpu: percent of a core by program, each without the others.
    """
    return {
        "demo_memory_gb": round(memory[SUPERVISOR] / 1000, 3),
        "demo_resident_sets_gb": round(resident / 1000, 3),
        "idle_percent_of_a_core": round(sum(cpu.values()), 2),
        "memory_mb": {name: round(value) for name, value in alone(memory).items()},
        "idle_percent": {name: round(value, 2) for name, value in cpu.items()},
    }


def alone(memory: Mapping[str, float]) -> dict[str, float]:
    """The same with the supervisor's own memory only."""
    below = sum(megabytes for name, megabytes in memory.items() if name != SUPERVISOR)
    return {**memory, SUPERVISOR: memory[SUPERVISOR] - below}


def show(found: Mapping[str, Any], console: Console) -> None:
    """Goals, then each start and each program."""
    console.print(goals_table(found))
    starts = Table("start", f"seconds from `{found['command']}` to the first result")
    for number, seconds in enumerate(found["starts_s"]):
        starts.add_row("on the data of the last" if number else "on an empty data folder", f"{seconds:.1f}")
    console.print(starts)
    table = Table("program", "MB with the demo camera", "% of a core without")
    for name, percent in found["idle_percent"].items():
        table.add_row(name, f"{found['memory_mb'][name]}", f"{percent:.1f}")
    console.print(table)
    console.print(f"resident sets: {found['demo_resident_sets_gb']:.2f} GB;"
                  f" load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", highlight=False)  # fmt: skip


def main(
    starts: Annotated[int, typer.Option(help="starts that are timed", min=1)] = 3,
    command: Annotated[str, typer.Option(help="what starts everything")] = "make up",
    busy: Annotated[float, typer.Option(help="seconds with the demo camera")] = 180,
    rest: Annotated[float, typer.Option(help="seconds to come to rest without it")] = 180,
    seconds: Annotated[float, typer.Option(help="seconds over which processor time is counted")] = 120,
) -> None:
    """Measure, print, and write var/bench/footprint.json."""
    end_when_asked()
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder, demo_system(Path(folder) / "data") as system:
        found = start(system, starts, shlex.split(command)) | measure(system, busy, rest, seconds)
    write("footprint", found)
    show(found, console)
    console.print(verdict(all_reached(found)))


if __name__ == "__main__":
    typer.run(main)
