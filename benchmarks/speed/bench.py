"""Our stream beside the bare detector and beside what one would write instead, in one run.

    make bench            (python -m benchmarks.speed.bench [--rounds 5] [--frames 1200] [--seconds 60])

Each round runs the three sides one after the other on the same pictures, with the others' processes
stopped: the bare loop (decode, detect), the plain consumer (Kafka in, Kafka and Delta out), and the stream
(policy `all`, both archives running, Kafka on the same machine). What counts are the medians of the rounds'
ratios. Three steady paces then give the latencies: 10 frames/s, half of the stream's rate at saturation, and
10 frames/s beside an hourly run that finds a heap of skipped frames. The first PyctureStream's way is
measured once.

Ends with status 1 when the baselines are weak (plain ÷ bare below 0.65), a frame was skipped or the ledger
does not balance; a missed goal is printed, and is no error.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.speed.bare_detector import BareLoop, rate_of_first_way
from benchmarks.speed.bench_report import draw, show
from benchmarks.speed.hourly_run import HourlyRun, leave_frames
from benchmarks.speed.plain_consumer import PLAIN_RESULTS, PlainConsumers, Span
from benchmarks.support.bench_pictures import open_producer, publish, real_pictures
from benchmarks.support.goals import OUT, all_reached, write
from benchmarks.support.running.running_processes import BROKER, asleep, by_role, end_when_asked, seconds_of
from benchmarks.support.running.system import System, start_broker
from benchmarks.support.stream_under_load import (
    results_so_far,
    stages,
    steady_pace,
    wait_for_results,
    wait_for_rows,
)
from benchmarks.support.verdict import verdict
from jobs.detector.detector import DetectorSettings
from lake.config.settings import PREFIX, Settings
from lake.contracts.hours import HOUR, last_full_hour

WEAK = 0.65
STEADY_FPS = 10
WARM_UP = 3
"""Rounds that do not count: the JVM still compiled in the second and third."""
HEAP = 1200
"""Frames that wait for the hourly run."""


@dataclass(frozen=True)
class Round:
    """Frames a second of each side; processor milliseconds per frame of the stream's processes."""

    bare: float
    plain: float
    stream: float
    cpu_ms: dict[str, float]


class Bench:
    """The sides, started and warm."""

    def __init__(
        self, folder: Path, settings: DetectorSettings, jpegs: list[bytes], stack: ExitStack
    ) -> None:
        self.jpegs = jpegs
        broker = start_broker(folder / "broker", Settings.from_env(os.environ).home)
        stack.callback(broker.stop)
        self.system = System(
            folder / "data",
            broker,
            {
                PREFIX + "POLICY": "all",
                PREFIX + "ARCHIVE_FRAMES_EVERY_SECONDS": "15",
                PREFIX + "ARCHIVE_DETECTIONS_EVERY_SECONDS": "2",
            },
        )
        stack.callback(self.system.stop)
        self.system.start_stream()
        self.producer = open_producer(broker.address)
        stack.callback(self.producer.close)
        self._make_plain_topic()
        self.bare = BareLoop(settings, jpegs[:16])
        stack.callback(self.bare.close)
        self.plain = PlainConsumers(broker.address, folder / "plain", settings)
        stack.callback(self.plain.close)

    def _make_plain_topic(self) -> None:
        from kafka import KafkaAdminClient

        with KafkaAdminClient(bootstrap_servers=self.system.broker.address) as admin:
            admin.create_topics({PLAIN_RESULTS: {"num_partitions": 2, "replication_factor": 1}})

    def round(self, number: int) -> Round:
        """All three sides once."""
        roles = by_role(self.system)
        stream = [one for role, processes in roles.items() if role != BROKER for one in processes]
        before, starts = results_so_far(self.system), self.system.ends()
        with asleep(stream):
            with asleep(roles[BROKER]):
                bare = self.bare.rate(self.jpegs)
            publish(self.producer, self.jpegs, f"round{number}")
            ends = self.system.ends()
            plain = self.plain.rate([Span(part, starts.get(part, 0), end) for part, end in ends.items()])
            used, began = seconds_of(roles), datetime.now(UTC)
        wait_for_results(self.system, before + len(self.jpegs))
        took = (datetime.now(UTC) - began).total_seconds()
        wait_for_rows(self.system, before + len(self.jpegs))
        spent = seconds_of(by_role(self.system))
        cpu = {role: 1000 * (spent[role] - used[role]) / len(self.jpegs) for role in spent}
        return Round(bare, plain, len(self.jpegs) / took, cpu)


def ratios(rounds: list[Round]) -> dict[str, float]:
    """Medians of the rounds' ratios."""
    return {
        "stream_over_bare": round(statistics.median(one.stream / one.bare for one in rounds), 3),
        "stream_over_plain": round(statistics.median(one.stream / one.plain for one in rounds), 3),
        "plain_over_bare": round(statistics.median(one.plain / one.bare for one in rounds), 3),
    }


def faults(system: System, found: dict[str, float]) -> list[str]:
    """What makes the figures worthless."""
    ledger = system.settle()
    counted = ledger.detections.counts
    said = [] if found["plain_over_bare"] >= WEAK else [f"the plain consumer is weak: under {WEAK} of bare"]
    said += [] if set(counted) == {"detected"} else [f"not every frame was analysed: {dict(counted)}"]
    return said + ([] if ledger.is_balanced else [f"the ledger does not balance: {ledger}"])


def latencies(bench: Bench, saturation: float, clips: Path, seconds: float) -> dict[str, Any]:
    """From the capture to the answer: at 10 frames/s, at half of saturation, and beside an hourly run."""
    quiet = real_pictures(clips, int(seconds * STEADY_FPS))
    half = real_pictures(clips, int(seconds * saturation / 4))
    system, hour = bench.system, last_full_hour(datetime.now(UTC)) - HOUR
    found: dict[str, Any] = steady_pace(system, quiet, STEADY_FPS, "steady")
    found |= named("half", steady_pace(system, half, saturation / 2, "half"))
    leave_frames(system, half[:HEAP], hour)
    run = HourlyRun(system, hour)
    found |= named("hourly", steady_pace(system, run.pictures(quiet), STEADY_FPS, "hourly"))
    return found | run.found() | {"half_fps": round(saturation / 2, 1), "faults": run.faults()}


def named(pace: str, found: dict[str, float]) -> dict[str, float]:
    """The figures of another pace under its name."""
    return {f"{pace}_{name}": value for name, value in found.items()}


def in_turns(bench: Bench, rounds: int, console: Console) -> list[Round]:
    """Every side, again and again."""
    done = []
    for number in range(1, rounds + 1):
        done.append(bench.round(number))
        console.print(f"round {number}: bare {done[-1].bare:.0f}, plain {done[-1].plain:.0f},"
                      f" stream {done[-1].stream:.0f} frames/s", highlight=False)  # fmt: skip
    return done


def measure(folder: Path, count: int, rounds: int, seconds: float, console: Console) -> dict[str, Any]:
    """Everything, as it goes to latest.json."""
    settings = Settings.from_env(os.environ)
    detector = DetectorSettings.from_env(os.environ, settings)
    jpegs = real_pictures(settings.home / "clips", count)
    with ExitStack() as stack:
        bench = Bench(folder, detector, jpegs, stack)
        for _ in range(WARM_UP):  # compiles, loads, makes the tables' first files
            bench.round(0)
        began = datetime.now(UTC)
        done = in_turns(bench, rounds, console)
        found = ratios(done)
        steps = stages(bench.system, began)
        saturation = statistics.median(one.stream for one in done)
        console.print("steady paces: 10 frames/s, half of saturation, 10 frames/s beside an hourly run")
        found |= latencies(bench, saturation, settings.home / "clips", seconds)
        wrong = found.pop("faults") + faults(bench.system, found)
    first = rate_of_first_way(detector, jpegs[:3])
    kb = statistics.mean(map(len, jpegs)) / 1000
    return {**found, "first_way_fps": round(first, 3), "stages_ms": steps, "faults": wrong,
            "picture_kb": round(kb, 1), "rounds": [asdict(one) for one in done]}  # fmt: skip


def main(
    rounds: Annotated[int, typer.Option(help="rounds that count; three more warm up")] = 5,
    frames: Annotated[int, typer.Option(help="pictures of each side in a round")] = 1200,
    seconds: Annotated[
        float, typer.Option(help="length of the steady pace; half as long at half of all")
    ] = 60,
) -> None:
    """Measure, print, and write var/bench/latest.json with a page of plots beside it."""
    end_when_asked()
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), frames, rounds, seconds, console)
    write("latest", found)
    draw(found, OUT / "latest.html")
    show(found, console)
    console.print(verdict(all_reached(found)))
    for fault in found["faults"]:
        console.print(f"worthless: {fault}", style="red")
    raise typer.Exit(1 if found["faults"] else 0)


if __name__ == "__main__":
    typer.run(main)
