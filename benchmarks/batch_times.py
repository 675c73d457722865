"""Whether a batch takes after 2,000 commits what it took after 200, and how far batches spread.

    python -m benchmarks.batch_times [--early 200] [--late 2000] [--fps 10]

The real stream at a steady pace, both archives running; archive_detections is let commit as often as it can,
not every 2 s, and nobody compacts its table: 2,000 commits lie in it as they would after an hour. p99 is
compared with p50 over 500 batches from the early ones on. The detecting query never touches the growing
table, and shows what the machine did meanwhile.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.batches import ARCHIVE, DETECT, WINDOW, batches_of, long_run
from benchmarks.bench_pictures import open_producer, publish, real_pictures
from benchmarks.goals import all_reached, goals_table, write
from benchmarks.running_processes import end_when_asked
from benchmarks.verdict import verdict
from lake.config.settings import PREFIX, Settings
from tests.faults.system import System, start_broker

QUERIES: Final = {"detect_batch": DETECT, "archive_batch": ARCHIVE}
QUICK_ARCHIVE: Final = {
    PREFIX + "POLICY": "all",
    PREFIX + "ARCHIVE_FRAMES_EVERY_SECONDS": "15",
    PREFIX + "ARCHIVE_DETECTIONS_EVERY_SECONDS": "0.1",
}
LOOK_EVERY: Final = 50
"""Pictures between two looks at how far the queries are."""


def until(system: System, last: int, jpegs: list[bytes]) -> Iterator[bytes]:
    """Pictures without end until both queries have committed batch `last`."""
    for number in count():
        if number % LOOK_EVERY == 0 and min(committed(system, query) for query in QUERIES.values()) >= last:
            return
        yield jpegs[number % len(jpegs)]


def committed(system: System, query: str) -> int:
    """Number of the newest batch that the query has committed; -1 before its first."""
    names = [file.name for file in (system.checkpoint(query) / "commits").glob("[0-9]*")]
    return max(map(int, names), default=-1)


def measure(folder: Path, early: int, late: int, fps: float) -> dict[str, Any]:
    """Run the stream until the late batches are there; the figures of both queries."""
    home = Settings.from_env(os.environ).home
    jpegs = real_pictures(home / "clips", 200)
    broker = start_broker(folder / "broker", home)
    system = System(folder / "data", broker, QUICK_ARCHIVE)
    try:
        system.start_stream()
        publish(open_producer(broker.address), jpegs[:2], "first")
        system.wait("first commits", lambda: min(committed(system, one) for one in QUERIES.values()) >= 0)
        publish(open_producer(broker.address), until(system, late + WINDOW, jpegs), "steady", fps)
    finally:
        system.stop()  # which writes the progress of the last batches
        broker.stop()
    runs = {name: long_run(batches_of(system.lake, query), early, late) for name, query in QUERIES.items()}
    return {f"{name}_{figure}": value for name, run in runs.items() for figure, value in run.items()}


def show(found: dict[str, Any], early: int, late: int, console: Console) -> None:
    """Goals, then each hundred batches."""
    console.print(goals_table(found))
    table = Table("query", "p99 ÷ p50", f"ms after {early}", f"ms after {late}", "ms of each hundred batches")
    for name, query in QUERIES.items():
        told = [f"{found[f'{name}_{figure}']:g}" for figure in ("p99_over_p50", "early_ms", "late_ms")]
        table.add_row(query, *told, " ".join(map(str, found[f"{name}_by_hundred_ms"])))
    console.print(table)
    console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", highlight=False)


def main(
    early: Annotated[int, typer.Option(help="commits after which batches are looked at first")] = 200,
    late: Annotated[int, typer.Option(help="commits after which they are looked at again")] = 2000,
    fps: Annotated[float, typer.Option(help="pictures a second")] = 10,
) -> None:
    """Measure, print, and write var/bench/batch_times.json."""
    end_when_asked()
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), early, late, fps)
    write("batch_times", {"early_commits": early, "late_commits": late, **found})
    show(found, early, late, console)
    console.print(verdict(all_reached(found)))


if __name__ == "__main__":
    typer.run(main)
