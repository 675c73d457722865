"""The stream on a Spark cluster of one worker and of two, each worker with a core of its own, in one run.

    python -m benchmarks.cluster_workers [--rounds 5] [--frames 600]

Two complete systems (broker, driver, master, workers) that differ in nothing but the workers are started and
warmed. A round puts the same pictures of 1280x720 into both, and lets one after the other work them off while
all processes of the other stand still; every second round begins with the other side. Policy `all`, both
archives running. A worker, its executor and what that starts are tied to one core; broker and driver are not.

On two cores the second worker's core is also that of broker and driver, so its gain is smaller by what these
take: the last line says by how much. Ends with 1 when a frame was skipped or a ledger does not balance.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.bench_pictures import open_producer, publish, real_pictures
from benchmarks.running_processes import asleep, seconds_of
from benchmarks.stream_under_load import results_so_far, wait_for_results, wait_for_rows
from benchmarks.verdict import verdict
from lake.settings import PREFIX, Settings
from tests.faults.cluster import Cluster, cluster_of
from tests.faults.system import System, start_broker

GOAL: Final = 1.8
"""Two workers over one, where each has a core that nobody else takes from."""
WORKERS: Final = (1, 2)
BROKER, DRIVER, DAEMONS, EXECUTORS, PYTHON = (
    "Kafka",
    "driver (Python and JVM)",
    "master, worker daemons",
    "executors' JVMs",
    "executors' Python workers",
)
EVERY_FRAME: Final = {
    PREFIX + "POLICY": "all",
    PREFIX + "ARCHIVE_FRAMES_EVERY_SECONDS": "15",
    PREFIX + "ARCHIVE_DETECTIONS_EVERY_SECONDS": "2",
}


PATIENT: Final = {"spark.network.timeout": "900s"}
"""Processes that stand still for a round must not be taken for dead."""


@dataclass(frozen=True)
class Worked:
    """Frames a second of a side, and processor milliseconds per frame of each role."""

    fps: float
    cpu_ms: dict[str, float]


Round = dict[int, Worked]
"""Number of workers → what they did."""


class Side:
    """A whole system with so many workers, started."""

    def __init__(self, folder: Path, workers: int, stack: ExitStack) -> None:
        broker = start_broker(folder / "broker", Settings.from_env(os.environ).home)
        stack.callback(broker.stop)
        self.system = System(folder / "data", broker, {**EVERY_FRAME, **cluster_of(workers)}, PATIENT)
        stack.callback(self.system.stop)
        self.cluster = Cluster(self.system, {"spark.worker.timeout": "900"})
        for core, worker in enumerate(self.cluster.workers):
            worker.command = ["taskset", "-c", str(core % (os.cpu_count() or 1)), *worker.command]
        self.cluster.start()
        self.system.start_stream()
        self.producer = open_producer(broker.address)
        stack.callback(self.producer.close)

    def by_role(self) -> dict[str, list[psutil.Process]]:
        """All living processes."""
        below = [one for worker in self.cluster.workers for one in worker.tree()]
        executors = [one for worker in self.cluster.workers for one in self.cluster.executors(worker)]
        daemons = [*self.cluster.master.tree(), *(one for one in below if one.pid in self._worker_pids())]
        python = [one for one in below if one not in (*executors, *daemons)]
        broker = self.system.broker.program.tree()
        return {
            BROKER: broker,
            DRIVER: self.system.stream.tree(),
            DAEMONS: daemons,
            EXECUTORS: executors,
            PYTHON: python,
        }

    def _worker_pids(self) -> set[int]:
        return {worker.pid for worker in self.cluster.workers}

    def processes(self, *but: str) -> list[psutil.Process]:
        """All of them, but for some roles."""
        return [one for role, them in self.by_role().items() if role not in but for one in them]

    def work_off(self, jpegs: list[bytes], session: str) -> Worked:
        """Put the pictures in while the stream stands still, and time it until all results are there."""
        before = results_so_far(self.system)
        with asleep(self.processes(BROKER)):
            publish(self.producer, jpegs, session)
            used, began = seconds_of(self.by_role()), datetime.now(UTC)
        wait_for_results(self.system, before + len(jpegs))
        took = (datetime.now(UTC) - began).total_seconds()
        wait_for_rows(self.system, before + len(jpegs))
        spent = seconds_of(self.by_role())
        return Worked(
            len(jpegs) / took, {role: 1000 * (spent[role] - used[role]) / len(jpegs) for role in spent}
        )

    def fault(self) -> str | None:
        """What makes the figures worthless."""
        ledger = self.system.settle()
        whole = ledger.is_balanced and set(ledger.detections.counts) == {"detected"}
        return None if whole else str(ledger)


def measure(folder: Path, count: int, rounds: int, console: Console) -> tuple[list[Round], list[str]]:
    """Every round, and what makes them worthless."""
    jpegs = real_pictures(Settings.from_env(os.environ).home / "clips", count)
    with ExitStack() as stack:
        sides = {workers: Side(folder / str(workers), workers, stack) for workers in WORKERS}
        take_turns(sides, jpegs, 0)  # compiles, loads, makes the tables' first files
        done = []
        for number in range(1, rounds + 1):
            done.append(take_turns(sides, jpegs, number))
            rates = ", ".join(f"{workers}: {one.fps:.1f}" for workers, one in sorted(done[-1].items()))
            console.print(f"round {number}, frames/s by workers: {rates}", highlight=False)
        return done, [fault for side in sides.values() if (fault := side.fault())]


def take_turns(sides: Mapping[int, Side], jpegs: list[bytes], number: int) -> Round:
    """One round; odd ones begin with one worker, even ones with two."""
    done: Round = {}
    for workers in WORKERS if number % 2 else WORKERS[::-1]:
        others = [one for side in sides.values() if side is not sides[workers] for one in side.processes()]
        with asleep(others):
            done[workers] = sides[workers].work_off(jpegs, f"round{number}")
    return done


def gain_of(done: Sequence[Round]) -> dict[str, float]:
    """The gain of the second worker, and what there is of it on so few cores; medians of the rounds.

    A frame costs `work` on the workers' cores and `other` elsewhere. One worker ends it in `work` where the
    others have a core to themselves; two workers and the others share the cores that there are.
    """
    cores = os.cpu_count() or 1

    def limit(one: Worked, without: Sequence[str] = ()) -> float:
        work = one.cpu_ms[EXECUTORS] + one.cpu_ms[PYTHON]
        other = sum(ms for role, ms in one.cpu_ms.items() if role not in (EXECUTORS, PYTHON, *without))
        return work / max(work / 2, (work + other) / cores)

    return {
        "gain": statistics.median(one[2].fps / one[1].fps for one in done),
        "goal": GOAL * statistics.median(limit(one[2], (DRIVER, DAEMONS)) for one in done) / 2,
        "limit": statistics.median(limit(one[2]) for one in done),
    }


def show(done: Sequence[Round], found: Mapping[str, float], console: Console) -> None:
    """Rates, processor time by process, and the gain."""
    grid = Table("processor ms per frame, median", *(f"{workers} worker(s)" for workers in WORKERS))
    for role in done[0][1].cpu_ms:
        costs = [statistics.median(one[workers].cpu_ms[role] for one in done) for workers in WORKERS]
        grid.add_row(role, *(f"{cost:.1f}" for cost in costs))
    rates = [statistics.median(one[workers].fps for one in done) for workers in WORKERS]
    grid.add_row("frames/s", *(f"{rate:.1f}" for rate in rates))
    console.print(grid)
    console.print(
        f"two workers over one: {found['gain']:.2f}; goal {found['goal']:.2f}, {GOAL} less what Kafka takes;"
        f" with driver and daemons {os.cpu_count()} cores allow {found['limit']:.2f}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


def main(
    rounds: Annotated[int, typer.Option(help="rounds that count; one more warms up")] = 5,
    frames: Annotated[int, typer.Option(help="pictures of each side in a round")] = 600,
) -> None:
    """Measure and print."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        done, faults = measure(Path(folder), frames, rounds, console)
    found = gain_of(done)
    show(done, found, console)
    console.print(verdict(found["gain"] >= found["goal"]))
    for fault in faults:
        console.print(f"worthless: {fault}", style="red")
    raise typer.Exit(1 if faults else 0)


if __name__ == "__main__":
    typer.run(main)
