"""Does the capture agent survive a broker that goes away? Memory, counters and the first frame after it.

    python -m benchmarks.operation.capture_outage [--minutes 30] [--away 2] [--fps 10] [--frozen]

The real agent sends pictures of 1280x720, each with its number in it, to a real broker, which is stopped in
the middle, or frozen: then it takes connections and never answers. All that arrives is read as it comes; at
the end every captured picture must have arrived or be counted.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

import numpy as np
import typer
from psutil import Process
from rich.console import Console
from rich.table import Table

from benchmarks.operation.numbered_frames import FILM_FRAMES, Arrival, Reader, write_film
from benchmarks.support.running.programs import Program, freeze, wait_for
from benchmarks.support.running.running_processes import end_when_asked
from benchmarks.support.running.system import Broker, start_broker
from benchmarks.support.verdict import verdict
from lake.config.settings import PREFIX, Settings
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.kafka.broker import offsets
from lake.kafka.client import BrokerAwayError, check_connection
from stack.programs.processes import memory_mb, tree

MOST_GROWTH_MB = 64
MOST_WAIT_S = 2.0
MOST_AGE_S = 0.5
SOONER_S = 1.0
"""The agent may find the broker before this program does; frames handed over before the outage are older."""


@dataclass(slots=True)
class Memory:
    """Megabytes of the agent, once a second."""

    samples: list[tuple[float, float]] = field(default_factory=list)

    def watch(self, pid: int, until: float) -> None:
        """Sample until that monotonic time."""
        while (left := until - time.monotonic()) > 0:
            self.samples.append((time.time(), memory_mb(pid)))
            time.sleep(min(1.0, left))

    def between(self, begin: float, end: float) -> list[float]:
        """Samples of a stretch of time."""
        return [mb for at, mb in self.samples if begin <= at <= end]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run showed; times in seconds UTC, counters as the agent's last word gives them."""

    began: float
    gone: float
    back: float
    memory: Memory
    arrivals: list[Arrival]
    counters: dict[str, Any]
    seconds: float
    cpu_s: float


def start_agent(folder: Path, broker: Broker, fps: float) -> Program:
    """The agent with one camera."""
    write_film(folder / "film.avi", fps)
    (folder / "cameras.toml").write_text(
        f'[[camera]]\nid = "outage"\nsource = "{folder / "film.avi"}"\nfps = {fps:g}\nloop = true\n'
    )
    settings = {"DATA": folder, "CAMERAS": folder / "cameras.toml", "KAFKA": broker.address}
    env = {**os.environ, **{PREFIX + name: str(value) for name, value in settings.items()}}
    agent = Program([sys.executable, "-m", "capture", "agent"], env, folder / "agent.log")
    agent.start()
    return agent


def listens(broker: Broker) -> bool:
    """Whether the broker takes connections."""
    try:
        check_connection(broker.address)
    except BrokerAwayError:
        return False
    return True


def leave(broker: Broker, frozen: bool) -> None:
    """The outage begins."""
    if frozen:
        freeze(Process(broker.program.pid))
    else:
        broker.stop()


def come_back(broker: Broker, frozen: bool) -> None:
    """The outage ends, once the broker takes connections."""
    if frozen:
        Process(broker.program.pid).resume()
    else:
        broker.program.start()
    wait_for("broker that listens", lambda: listens(broker))


def measure(folder: Path, broker: Broker, minutes: float, away: float, fps: float, frozen: bool) -> Run:
    """One run, the outage in its middle."""
    reader, memory = Reader(broker.address), Memory()
    reading = Thread(target=reader.follow, daemon=True)
    reading.start()
    agent = start_agent(folder, broker, fps)
    try:
        wait_for("first frame", lambda: reader.arrivals, 60)
        began = time.time()
        start, half = time.monotonic(), 30 * (minutes - away)
        memory.watch(agent.pid, start + half)
        leave(broker, frozen)
        gone = time.time()
        memory.watch(agent.pid, start + half + 60 * away)
        come_back(broker, frozen)
        back = time.time()
        memory.watch(agent.pid, start + 60 * minutes)
        cpu = sum(sum(one.cpu_times()[:2]) for one in tree(agent.pid))
        seconds = time.time() - reader.arrivals[0].captured
    finally:
        agent.stop()
    ends = {part: last for part, (_, last) in offsets(broker.address, FRAMES_TOPIC).items() if last}
    wait_for("all that was written", lambda: ends.items() <= reader.read.items(), 60)
    reader.ended.set()
    reading.join(30)
    counters = json.loads((folder / "run" / "capture.json").read_text())["cameras"]["outage"]
    return Run(began, gone, back, memory, reader.arrivals, counters, seconds, cpu)


def check_counters(run: Run, grid: Table) -> bool:
    """Whether every captured picture arrived once, with its own content, or is counted."""
    names = ("gated", "dropped", "failed", "acknowledged", "unknown", "pending")
    count, captured = run.counters, run.counters["captured"]
    sequences = [one.sequence for one in run.arrivals]
    arrived, doubles = len(set(sequences)), len(sequences) - len(set(sequences))
    rest = captured - arrived - count["dropped"] - count["gated"] - count["failed"]
    wrong = sum(one.number != one.sequence % FILM_FRAMES for one in run.arrivals)
    sessions = len({one.session for one in run.arrivals})
    grid.add_row(
        "counters", ", ".join(f"{count[name]} {name}" for name in ("captured", *names) if count[name])
    )
    grid.add_row("arrived in the topic", f"{arrived}, {doubles} twice, {wrong} with another's picture")
    grid.add_row("arrived + dropped", f"{arrived + count['dropped']} of {captured}")
    grid.add_row("neither arrived nor counted", f"{rest} ({count['unknown']} are counted as unknown)")
    exact = captured == sum(count[name] for name in names) and 0 <= rest <= count["unknown"]
    known = count["acknowledged"] <= arrived and max(sequences) < captured
    return exact and known and not doubles and not wrong and sessions == 1


def check_pace(run: Run, fps: float, grid: Table) -> bool:
    """Whether the camera never waited for the network."""
    due = run.seconds * fps
    grid.add_row("captured", f"{run.counters['captured'] / due:.1%} of {due:.0f} due")
    grid.add_row(
        "processor", f"{1000 * run.cpu_s / run.counters['captured']:.1f} ms a picture, decoding included"
    )
    grid.add_row("picture", f"{np.median([one.size for one in run.arrivals]) / 1000:.0f} kB, median")
    return run.counters["captured"] >= 0.98 * due


def check_memory(run: Run, grid: Table) -> bool:
    """Whether the outage cost little memory."""
    last = run.memory.samples[-1][0]
    before, during = run.memory.between(run.began + 10, run.gone), run.memory.between(run.gone, last)
    late = run.memory.between(last - 30, last)
    growth = max(during) - float(np.median(before))
    grid.add_row("memory before, median", f"{np.median(before):.0f} MB")
    grid.add_row("memory in the outage and after, most", f"{max(during):.0f} MB")
    grid.add_row("memory at the end, median of 30 s", f"{np.median(late):.0f} MB")
    grid.add_row("growth", f"{growth:.0f} MB (goal {MOST_GROWTH_MB})")
    return growth <= MOST_GROWTH_MB


def check_return(run: Run, grid: Table) -> bool:
    """Whether the newest frame came first, soon after the broker was back."""
    after = [one for one in run.arrivals if one.sent > run.back - SOONER_S]
    first = min(after, key=lambda one: one.sent)
    wait, age = first.appended - run.back, first.sent - first.captured
    oldest = min(one.captured for one in after)
    grid.add_row("broker away", f"{run.back - run.gone:.0f} s, until it took connections")
    grid.add_row("first frame after that", f"{wait:.2f} s later (goal {MOST_WAIT_S:g}), {age:.2f} s old")
    grid.add_row("oldest frame kept", f"{first.sent - oldest:.1f} s old")
    return wait <= MOST_WAIT_S and age <= MOST_AGE_S


def main(
    minutes: Annotated[float, typer.Option(help="length of the run")] = 30,
    away: Annotated[float, typer.Option(help="minutes without broker, in the middle")] = 2,
    fps: Annotated[float, typer.Option(help="pictures a second")] = 10,
    frozen: Annotated[bool, typer.Option("--frozen", help="the broker is there and never answers")] = False,
) -> None:
    """Measure and print; exit status 1 when a goal is missed."""
    end_when_asked()
    with tempfile.TemporaryDirectory() as name:
        broker = start_broker(Path(name) / "broker", Settings.from_env(os.environ).home)
        try:
            run = measure(Path(name), broker, minutes, away, fps, frozen)
        finally:
            broker.stop()
    grid = Table("measured", "value", title=f"{minutes:g} minutes at {fps:g} pictures/s of 1280x720")
    checks = [
        check_counters(run, grid),
        check_pace(run, fps, grid),
        check_memory(run, grid),
        check_return(run, grid),
    ]
    console = Console(width=120)
    console.print(grid)
    console.print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    console.print(verdict(all(checks)))
    raise typer.Exit(0 if all(checks) else 1)


if __name__ == "__main__":
    typer.run(main)
