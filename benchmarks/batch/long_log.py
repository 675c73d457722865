"""Whether a batch takes with 12,000 entries in the Delta log of `detections` what it takes with 200.

    python -m benchmarks.batch.long_log [--entries 12000] [--turns 8] [--seconds 15]

Two real streams, one on a young table and one on a table with the log of six hours (`aged_log`), all that it
keeps, get the same pictures at the same pace by turns; whoever has no turn sleeps. archive_detections commits
as often as it can. Compared are the medians of each turn: batches of
archive_detections and of detect_objects, and a look at the table without a JVM, as dashboard and batch layer
take it. The first turn warms up. How far batches spread is told of detect_objects on the young table.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.batch.aged_log import age, entries_of
from benchmarks.support.batches import ARCHIVE, DETECT, batches_of, ratio_in_turns, spread
from benchmarks.support.bench_pictures import open_producer, publish, real_pictures
from benchmarks.support.goals import all_reached, goals_table, write
from benchmarks.support.running.running_processes import BROKER, asleep, by_role, end_when_asked
from benchmarks.support.running.system import System, start_broker
from benchmarks.support.stream_under_load import results_so_far, wait_for_results, wait_for_rows
from benchmarks.support.verdict import verdict
from lake.config.settings import PREFIX, Settings
from lake.schema.schemas import DETECTIONS
from lake.storage.reader import read_rows

YOUNG, SINCE_OPTIMIZE = 200, 150
LOOKS: Final = 20
QUICK_ARCHIVE: Final = {
    PREFIX + "POLICY": "all",
    PREFIX + "ARCHIVE_FRAMES_EVERY_SECONDS": "15",
    PREFIX + "ARCHIVE_DETECTIONS_EVERY_SECONDS": "0.1",
}
Turns = dict[int, list[float]]


class Side:
    """A stream with its broker, and a table of some age."""

    def __init__(self, folder: Path, entries: int, stack: ExitStack) -> None:
        broker = start_broker(folder / "broker", Settings.from_env(os.environ).home)
        stack.callback(broker.stop)
        self.system = System(folder / "data", broker, QUICK_ARCHIVE)
        stack.callback(self.system.stop)
        self.system.start_stream()  # makes the tables
        self.system.stream.stop()  # who lists a log to which thousands of commits are written misses some
        age(self.table, entries, SINCE_OPTIMIZE, datetime.now(UTC))
        self.system.start_stream()
        self.entries = entries_of(self.table)
        self.spans: dict[int, tuple[datetime, datetime]] = {}
        self.looks: Turns = {}

    @property
    def table(self) -> Path:
        """Folder of `detections`."""
        return self.system.lake / DETECTIONS.name

    def processes(self) -> list[psutil.Process]:
        """All that must sleep when the other one has its turn; a broker would be fenced for it."""
        awake = by_role(self.system)
        return [one for role, processes in awake.items() if role != BROKER for one in processes]

    def turn(self, number: int, jpegs: list[bytes], fps: float) -> None:
        """Send the pictures, wait for all that becomes of them, then look at the table."""
        began, before = datetime.now(UTC), results_so_far(self.system)
        producer = open_producer(self.system.broker.address)
        publish(producer, jpegs, f"turn{number}", fps)
        producer.close()
        wait_for_results(self.system, before + len(jpegs))
        wait_for_rows(self.system, before + len(jpegs))
        self.spans[number] = began, datetime.now(UTC)
        self.looks[number] = [self._look() for _ in range(LOOKS)]

    def _look(self) -> float:
        began = time.perf_counter()
        sql = "SELECT count(*) AS n FROM detections WHERE \"offset\" < 1000 AND status = 'detected'"
        read_rows(self.system.lake, sql, DETECTIONS)
        return 1000 * (time.perf_counter() - began)

    def batches(self, query: str) -> Turns:
        """Milliseconds of the query's batches by turn, those wholly within it."""
        found = batches_of(self.system.lake, query)
        return {
            number: [
                one.ms for one in found if began <= one.started_at <= ended - timedelta(milliseconds=one.ms)
            ]
            for number, (began, ended) in self.spans.items()
        }


def measure(folder: Path, entries: int, turns: int, seconds: float, fps: float) -> dict[str, Any]:
    """Both sides by turns; the figures."""
    jpegs = real_pictures(Settings.from_env(os.environ).home / "clips", int(seconds * fps))
    with ExitStack() as stack:
        young = Side(folder / "young", YOUNG, stack)
        with asleep(young.processes()):
            old = Side(folder / "old", entries, stack)
        for number in range(turns + 1):
            for side, other in ((young, old), (old, young))[:: 1 if number % 2 else -1]:
                with asleep(other.processes()):
                    side.turn(number, jpegs, fps)
    for side in (young, old):
        del side.spans[0], side.looks[0]
    return {"young_entries": young.entries, "old_entries": old.entries, **figures(young, old)}


def figures(young: Side, old: Side) -> dict[str, Any]:
    """Ratios, and medians in milliseconds of both."""
    detected = [ms for turn in young.batches(DETECT).values() for ms in turn]
    found: dict[str, Any] = {"detect_batch_p99_over_p50": round(spread(detected), 3)}
    for name, short, long in (
        ("archive_batch", young.batches(ARCHIVE), old.batches(ARCHIVE)),
        ("detect_batch", young.batches(DETECT), old.batches(DETECT)),
        ("read", young.looks, old.looks),
    ):
        found[f"{name}_long_over_short"] = round(ratio_in_turns(long, short), 3)
        for word, turns in (("short", short), ("long", long)):
            found[f"{name}_{word}_ms"] = round(median(ms for turn in turns.values() for ms in turn), 1)
    return found


def show(found: dict[str, Any], console: Console) -> None:
    """Goals, then medians."""
    console.print(goals_table(found))
    table = Table("ms, medians", f"{found['young_entries']:,} entries", f"{found['old_entries']:,} entries")
    for name in ("archive_batch", "detect_batch", "read"):
        table.add_row(name, f"{found[f'{name}_short_ms']:g}", f"{found[f'{name}_long_ms']:g}")
    console.print(table)
    console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", highlight=False)


def main(
    entries: Annotated[int, typer.Option(help="files in the log of the old table")] = 12_000,
    turns: Annotated[int, typer.Option(help="turns of each side that count")] = 8,
    seconds: Annotated[float, typer.Option(help="length of a turn")] = 15,
    fps: Annotated[float, typer.Option(help="pictures a second")] = 10,
) -> None:
    """Measure, print, and write var/bench/long_log.json."""
    end_when_asked()
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), entries, turns, seconds, fps)
    write("long_log", found)
    show(found, console)
    console.print(verdict(all_reached(found)))


if __name__ == "__main__":
    typer.run(main)
