"""Does `detect_skipped` cost the live picture anything? Both shares in one run, taken in turns.

    python -m benchmarks.batch.live_share [--seconds 40] [--rounds 2] [--fps 5]

Two cameras send pictures to the real stream at default settings; a heap of frames too old for the speed layer
waits in the lake. In every other stretch `detect_skipped` works that heap off, as the hourly run does. The
live share is the part of a stretch's frames that the speed layer analysed; the latency is from the capture to
the outcome of those.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.running_processes import end_when_asked
from benchmarks.support.running.system import System, start_broker
from benchmarks.support.running.wire import Record, frame, pictures, send
from lake.accounting.open_frames import count_open_frames
from lake.config.settings import Settings
from lake.contracts.hours import Scope, format_hour

HEAP_AGE = timedelta(minutes=10)
CAMERAS = ("left", "right")


@dataclass(frozen=True)
class Stretch:
    """Frames sent in a stretch of time, analysed ones among them, and their median latency in seconds."""

    beside: bool
    sent: int
    analysed: int
    latency_s: float
    settled: int

    @property
    def share(self) -> float:
        """Part of the frames that was analysed live, 0..1."""
        return self.analysed / self.sent


def old(record: Record, moment: datetime) -> Record:
    """The same frame, captured long before it was sent: it waited in an agent's buffer."""
    said_at = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return record.saying(captured_at=said_at.encode())


def pile_up(system: System, clip: Iterator[bytes], count: int) -> Scope:
    """Send frames that the speed layer will skip; the hours they lie in, once the lake holds them."""
    moment = datetime.now(UTC) - HEAP_AGE
    for first in range(0, count, 200):
        numbers = range(first, min(first + 200, count))
        system.send(*(old(frame(next(clip), "heap", number), moment) for number in numbers))
    scope = Scope((moment, datetime.now(UTC), datetime.now(UTC) + timedelta(hours=1)))
    heap = replace(scope, cameras=("heap",))
    wait_for("heap in the lake", lambda: count_open_frames(system.lake, heap) >= count, 300)
    return scope


@contextmanager
def detecting(system: System, scope: Scope, number: int) -> Iterator[None]:
    """`detect_skipped` at work, as the hourly run starts it, from its first outcomes on."""
    before = settled(system)
    hours = ",".join(map(format_hour, scope.hours))
    job = system.program(
        f"detect_skipped_{number}", "jobs.hours.detect_skipped", "--hours", hours, "--cameras", "heap"
    )
    job.start()
    try:
        wait_for("first outcomes of detect_skipped", lambda: settled(system) > before or not job.runs, 400)
        yield
    finally:
        assert job.runs, f"the heap was too small: {job.tail(5)}"
        job.stop()


def stretch(system: System, clip: Iterator[bytes], number: int, seconds: float, fps: float) -> list[str]:
    """Send from both cameras at a steady pace; the ids of the frames."""
    ids, start = [], time.monotonic()
    for tick in range(int(seconds * fps)):
        time.sleep(max(0.0, start + tick / fps - time.monotonic()))
        records = [frame(next(clip), camera, tick, f"stretch{number}") for camera in CAMERAS]
        send(system.broker.address, records)
        ids += [dict(record.headers)["frame_id"].decode() for record in records]
    return ids


def outcomes(system: System, ids: list[str]) -> list[dict[str, Any]]:
    """What became of the frames, live."""

    def all_there() -> list[dict[str, Any]] | None:
        wanted = set(ids)
        rows = [
            row for row in system.rows("detections") if row["frame_id"] in wanted and row["layer"] == "speed"
        ]
        return rows if len(rows) >= len(ids) else None

    return wait_for("outcome of every frame", all_there, 120)


def settled(system: System) -> int:
    """Frames that the batch layer has analysed."""
    return sum(row["layer"] == "batch" for row in system.rows("detections"))


def measure(
    system: System, clip: Iterator[bytes], scope: Scope, number: int, seconds: float, fps: float
) -> Stretch:
    """One stretch, alone or beside `detect_skipped`."""
    beside = number % 2 == 1
    with detecting(system, scope, number) if beside else nullcontext():
        before = settled(system)
        ids = stretch(system, clip, number, seconds, fps)
        worked = settled(system) - before
    rows = outcomes(system, ids)
    live = [row for row in rows if row["status"] == "detected"]
    waits = [(row["finished_at"] - row["captured_at"]).total_seconds() for row in live]
    return Stretch(beside, len(ids), len(live), statistics.median(waits), worked)


def show(found: list[Stretch]) -> None:
    """The stretches in their order, then both sides."""
    grid = Table(
        "stretch", "frames sent", "analysed live", "live share", "median latency s", "batch analysed"
    )
    for one in found:
        name = "beside detect_skipped" if one.beside else "alone"
        grid.add_row(
            name,
            str(one.sent),
            str(one.analysed),
            f"{one.share:.1%}",
            f"{one.latency_s:.2f}",
            str(one.settled),
        )
    console = Console(width=120)
    console.print(grid)
    shares = {
        side: sum(one.analysed for one in found if one.beside is side)
        / sum(one.sent for one in found if one.beside is side)
        for side in (False, True)
    }
    console.print(f"live share alone {shares[False]:.1%}, beside detect_skipped {shares[True]:.1%}")
    console.print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main(
    seconds: Annotated[float, typer.Option(help="length of a stretch")] = 40,
    rounds: Annotated[int, typer.Option(help="stretches of each kind")] = 2,
    fps: Annotated[float, typer.Option(help="frames per second of each of two cameras")] = 5,
    heap: Annotated[int, typer.Option(help="frames that wait for the batch layer")] = 6000,
) -> None:
    """Measure and print."""
    end_when_asked()
    home = Settings.from_env(os.environ).home
    with tempfile.TemporaryDirectory() as folder:
        broker = start_broker(Path(folder) / "broker", home)
        system = System(Path(folder) / "data", broker, {})
        try:
            system.start_stream()
            clip = cycle(pictures(home / "clips"))
            scope = pile_up(system, clip, heap)
            stretch(system, clip, 99, 10, fps)
            show([measure(system, clip, scope, number, seconds, fps) for number in range(2 * rounds)])
        finally:
            system.stop()
            broker.stop()


if __name__ == "__main__":
    typer.run(main)
