"""A day of events of the first version: imported, published, and what the report's charts then show.

    python -m benchmarks.imported_day [--events 400000] [--no-publish]

Writes an `events.json` of one local day, imports it by the command as a user does, and holds all that the
charts are drawn from against pandas on the file; then exports the lake and holds the rows against those of
the file. The goal is that nothing differs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.verdict import verdict
from lake.config.settings import PREFIX, PROJECT_ROOT
from tests.jobs import imported_day


def command(data: Path, *arguments: str) -> tuple[float, float]:
    """Run `pycturestream events`; seconds, and peak memory of it and its JVM in MB."""
    env = {**os.environ, f"{PREFIX}DATA": str(data), f"{PREFIX}TIME_ZONE": imported_day.ZONE}
    began, peak = time.perf_counter(), 0
    child = subprocess.Popen([str(PROJECT_ROOT / "pycturestream"), "events", *arguments], env=env)
    while child.poll() is None:
        peak = max(peak, memory(child.pid))
        time.sleep(0.1)
    if child.returncode:
        sys.exit(child.returncode)
    return time.perf_counter() - began, peak / 2**20


def memory(pid: int) -> int:
    """Bytes that a process and its descendants hold."""
    try:
        process = psutil.Process(pid)
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def rows_of(file: Path) -> Counter[tuple[str, ...]]:
    """Rows in any order."""
    return Counter(tuple(row.values()) for row in json.loads(file.read_text()))


def main(
    events: Annotated[int, typer.Option(help="Rows of the file.")] = 400_000,
    no_publish: Annotated[bool, typer.Option("--no-publish", help="Leave its hours live.")] = False,
) -> None:
    """Import, compare, export, compare."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        file, out, data = (Path(folder) / name for name in ("events.json", "out.json", "data"))
        imported_day.write_day(file, events)
        grid = Table(f"{events:,} events, {file.stat().st_size / 1e6:.0f} MB", "seconds", "peak memory, MB")
        for told in (("import", str(file), *["--no-publish"] * no_publish), ("export", str(out))):
            seconds, megabytes = command(data, *told)
            grid.add_row(told[0], f"{seconds:.1f}", f"{megabytes:.0f}")
        shown = imported_day.charts(imported_day.counted(data / "lake", datetime.now(UTC)))
        wanted = imported_day.expected(*imported_day.truth(file))
        same = {name: shown[name] == wanted[name] for name in wanted}
        same["rows of the export"] = rows_of(out) == rows_of(file)
    console.print(grid)
    for name, fine in same.items():
        console.print(f"{name}: {'equal' if fine else 'DIFFERENT'}", highlight=False)
    console.print(verdict(all(same.values())))
    sys.exit(not all(same.values()))


if __name__ == "__main__":
    typer.run(main)
