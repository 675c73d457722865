"""How long `make up` takes until the first detection, with everything fetched and the environment made.

    python -m benchmarks.start_up [--rounds 3] [--command "make up"]

The time is from the command to the first result on Kafka, of the demo camera. The first start finds an empty
data folder, the others what the last one left. All must reach the goal, so the slowest is compared with it.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.demo_system import demo_system, make_up
from benchmarks.goals import all_reached, goals_table, write
from benchmarks.running_processes import end_when_asked
from benchmarks.verdict import verdict


def measure(folder: Path, rounds: int, command: list[str]) -> list[float]:
    """Seconds of each start, the first on an empty folder."""
    with demo_system(folder) as system:
        seconds = [make_up(system, command)]
        for _ in range(rounds - 1):
            system.down()
            seconds.append(make_up(system, command))
    return seconds


def main(
    rounds: Annotated[int, typer.Option(help="starts", min=1)] = 3,
    command: Annotated[str, typer.Option(help="what starts everything")] = "make up",
) -> None:
    """Measure, print, and write var/bench/start_up.json."""
    end_when_asked()
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(Path(folder) / "data", rounds, shlex.split(command))
    told = [round(one, 1) for one in seconds]
    found = {"warm_up_to_first_result_s": max(told), "command": command, "starts_s": told}
    write("start_up", found)
    console = Console(width=110)
    console.print(goals_table(found))
    table = Table("start", f"seconds from `{command}` to the first result")
    for number, one in enumerate(told):
        table.add_row("on the data of the last" if number else "on an empty data folder", f"{one:.1f}")
    console.print(table)
    console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", highlight=False)
    console.print(verdict(all_reached(found)))


if __name__ == "__main__":
    typer.run(main)
