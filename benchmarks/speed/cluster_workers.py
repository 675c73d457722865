"""The stream on Spark clusters of one worker and of more, each worker with a core of its own, in one run.

    python -m benchmarks.speed.cluster_workers [--rounds 5] [--frames 600] [--workers 1 --workers 2]

Complete systems (broker, driver, master, workers) that differ in nothing but workers and partitions are
started and warmed. A round puts as many pictures of 1280x720 for each worker into all, and lets one
after the other work them off while all processes of the others stand still; every second round goes the other
way. Policy `all`, both archives running. A worker, its executor and what that starts are tied to one core;
broker and driver are not.

On two cores the second worker's core is also that of broker and driver, so its gain is smaller by what these
take: the last lines say by how much. Ends with 1 when a frame was skipped or a ledger does not balance.
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

from benchmarks.support.bench_pictures import CAMERAS, open_producer, publish, real_pictures
from benchmarks.support.running.cluster import Cluster, cluster_of
from benchmarks.support.running.running_processes import asleep, end_when_asked, seconds_of
from benchmarks.support.running.system import System, start_broker
from benchmarks.support.stream_under_load import results_so_far, wait_for_results, wait_for_rows
from benchmarks.support.verdict import verdict
from lake.config.settings import PREFIX, Settings
from stack.kafka.topics import create_topics

GOAL: Final = 0.9
"""Of each worker, where it has a core that nobody else takes from: two do 1.8 times what one does."""
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
        self.cameras = [f"camera-{number}" for number in range(max(len(CAMERAS), workers))]
        create_topics(broker.address, frames_partitions=len(self.cameras))
        self.system = System(folder / "data", broker, {**EVERY_FRAME, **cluster_of(workers)}, PATIENT)
        stack.callback(self.system.stop)
        self.cluster = Cluster(self.system, {"spark.worker.timeout": "900"})
        cores = os.cpu_count() or 1
        for number, worker in enumerate(self.cluster.workers):
            core = number * max(1, cores // workers) % cores
            worker.command = ["taskset", "-c", str(core), *worker.command]
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
            publish(self.producer, jpegs, session, cameras=self.cameras)
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


def measure(
    folder: Path, workers: Sequence[int], count: int, rounds: int, console: Console
) -> tuple[list[Round], list[str]]:
    """Every round, and what makes them worthless."""
    jpegs = real_pictures(Settings.from_env(os.environ).home / "clips", count * max(workers))
    with ExitStack() as stack:
        sides = {number: Side(folder / str(number), number, stack) for number in workers}
        take_turns(sides, jpegs, count, 0)  # compiles, loads, makes the tables' first files
        done = []
        for number in range(1, rounds + 1):
            done.append(take_turns(sides, jpegs, count, number))
            rates = ", ".join(f"{workers}: {one.fps:.1f}" for workers, one in sorted(done[-1].items()))
            console.print(f"round {number}, frames/s by workers: {rates}", highlight=False)
        return done, [fault for side in sides.values() if (fault := side.fault())]


def take_turns(sides: Mapping[int, Side], jpegs: list[bytes], count: int, number: int) -> Round:
    """One round of `count` pictures for each worker; even ones begin with the most workers."""
    done: Round = {}
    for workers in sorted(sides, reverse=number % 2 == 0):
        others = [one for side in sides.values() if side is not sides[workers] for one in side.processes()]
        with asleep(others):
            done[workers] = sides[workers].work_off(jpegs[: count * workers], f"round{number}")
    return done


def limit(one: Worked, workers: int, cores: int, without: Sequence[str] = ()) -> float:
    """How many times the rate of a single worker so many can reach on so many cores.

    A frame costs `work` on the workers' cores and `other` elsewhere. One worker ends it in `work` where the
    others have a core to themselves; several workers and the others share the cores that there are.

    Args:
        one: what its processes took for a frame.
        workers: how many.
        cores: of the machine.
        without: roles that are to count for nothing.
    """
    work = one.cpu_ms[EXECUTORS] + one.cpu_ms[PYTHON]
    other = sum(ms for role, ms in one.cpu_ms.items() if role not in (EXECUTORS, PYTHON, *without))
    return work / max(work / workers, (work + other) / cores)


def gain_of(done: Sequence[Round], workers: int, cores: int) -> dict[str, float]:
    """Medians of what so many workers do over the fewest, and of what so many cores allow."""
    base = min(done[0])
    reach = [limit(one[workers], workers, cores, (DRIVER, DAEMONS)) for one in done]
    return {
        "gain": statistics.median(one[workers].fps / one[base].fps for one in done),
        "goal": GOAL * statistics.median(reach) / base,
        "limit": statistics.median(limit(one[workers], workers, cores) for one in done) / base,
    }


def show(done: Sequence[Round], console: Console) -> bool:
    """Rates, processor time by process, and the gains; whether each reaches its goal."""
    cores, sizes = os.cpu_count() or 1, sorted(done[0])
    grid = Table("processor ms per frame, median", *(f"{workers} worker(s)" for workers in sizes))
    for role in done[0][sizes[0]].cpu_ms:
        costs = [statistics.median(one[workers].cpu_ms[role] for one in done) for workers in sizes]
        grid.add_row(role, *(f"{cost:.1f}" for cost in costs))
    rates = [statistics.median(one[workers].fps for one in done) for workers in sizes]
    grid.add_row("frames/s", *(f"{rate:.1f}" for rate in rates))
    console.print(grid)
    found = {workers: gain_of(done, workers, cores) for workers in sizes[1:]}
    for workers, one in found.items():
        console.print(
            f"{workers} workers over {sizes[0]}: {one['gain']:.2f}; goal {one['goal']:.2f}, {GOAL} of each"
            f" less what Kafka takes; with driver and daemons {cores} cores allow {one['limit']:.2f}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    return all(one["gain"] >= one["goal"] for one in found.values())


def main(
    rounds: Annotated[int, typer.Option(help="rounds that count; one more warms up")] = 5,
    frames: Annotated[int, typer.Option(help="pictures for each worker in a round")] = 600,
    workers: Annotated[list[int] | None, typer.Option(help="a cluster of so many; again for more")] = None,
) -> None:
    """Measure and print."""
    end_when_asked()
    sizes = sorted(set(workers or (1, 2)))
    if len(sizes) == 1:
        raise typer.BadParameter(f"{sizes[0]} alone has no gain: name two, such as --workers 1 --workers 2")
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        done, faults = measure(Path(folder), sizes, frames, rounds, console)
    console.print(verdict(show(done, console)))
    for fault in faults:
        console.print(f"worthless: {fault}", style="red")
    raise typer.Exit(1 if faults else 0)


if __name__ == "__main__":
    typer.run(main)
