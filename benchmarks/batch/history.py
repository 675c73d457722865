"""How an hourly run's time and memory change with the days of history in the lake: goal at most 1.2 times.

    python -m benchmarks.batch.history [--days 90] [--objects-a-day 10000] [--cameras 2] [--rounds 3]
                                       [--folder DIR]

Makes one lake with a day and one with many days of invented, published history that end with the same hour.
Then runs the batch layer over that hour in one and the other by turns, each time in a new process as
Airflow does it: which hours are due, count, check, publish. The median of the rounds is compared; the
memory is the peak of Python and its JVM together.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.support.verdict import say_when
from jobs.harness.process import open_batch_session
from jobs.harness.settings import BatchSettings
from jobs.hours import count_objects
from jobs.quality.check_quality import QUALITY, audit, decide
from lake.accounting.pending_work import hours_due
from lake.config.settings import PREFIX, PROJECT_ROOT
from lake.contracts.hours import Scope, format_hour, last_full_hour, parse_hour
from lake.storage.tables import Lake
from stack.programs.programs import spark_environment
from stack.site.installation import Installation

GOAL = 1.2
STEPS = ("due", "start Spark", "count", "check", "publish", "whole run")
REPORT = "seconds of the steps: "


@dataclass(frozen=True)
class Measured:
    """One run: seconds by step, peak memory in MB."""

    seconds: dict[str, float]
    memory_mb: float


def run_hour(hour: datetime, env: Mapping[str, str]) -> dict[str, float]:
    """The hourly run in this process; seconds by step."""
    settings, seconds, run_id = BatchSettings.from_env(env), dict.fromkeys(STEPS, 0.0), "benchmark"
    lake, now = Lake(settings.shared.lake), hour + timedelta(hours=1, minutes=6)

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        seconds[step] = time.perf_counter() - began

    with timed("due"):
        hours_due(lake.root, now)
    with timed("start Spark"):
        spark = open_batch_session(env, "history", settings)
    with timed("count"):
        candidate = count_objects.run(spark, lake, Scope((hour,)), run_id, now)
    with timed("check"):
        found = audit(lake.root, candidate, run_id, now, settings.shared.data / QUALITY)
    with timed("publish"):
        decide(lake, candidate, found, run_id, now, lambda: spark)
    spark.stop()
    return seconds


def measure(data: Path, hour: datetime) -> Measured:
    """Run the hour in a process of its own, and watch its memory and that of its JVM."""
    began, peak = time.perf_counter(), 0
    command = [sys.executable, "-m", "benchmarks.batch.history", "--hour", format_hour(hour)]
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(command, env=environment(data), stdout=output, cwd=PROJECT_ROOT)
        while child.poll() is None:
            peak = max(peak, memory(child.pid))
            time.sleep(0.1)
        whole = time.perf_counter() - began
        output.seek(0)
        lines = [line for line in output if line.startswith(REPORT)]
    if child.returncode or not lines:
        raise SystemExit(f"the run over {data} failed with status {child.returncode}")
    return Measured({**json.loads(lines[-1].removeprefix(REPORT)), "whole run": whole}, peak / 2**20)


def memory(pid: int) -> int:
    """Bytes that a process and its descendants hold."""
    try:
        process = psutil.Process(pid)
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def environment(data: Path) -> dict[str, str]:
    """That of a program whose data lie elsewhere."""
    env = {**os.environ, f"{PREFIX}DATA": str(data)}
    return spark_environment(Installation.from_env(env, PROJECT_ROOT))


def make_lake(data: Path, days: int, cameras: int, objects: int, end: datetime) -> None:
    """Write and publish a history, unless it is there."""
    if (data / "made").is_file():
        return
    size = ["--days", str(days), "--cameras", str(cameras), "--objects", str(objects)]
    command = [sys.executable, "-m", "jobs.demo.demo_events", *size, "--end", end.isoformat()]
    subprocess.run(command, env=environment(data), cwd=PROJECT_ROOT, check=True)
    (data / "made").write_text(format_hour(last_full_hour(end)))


def comparison(short: list[Measured], long: list[Measured], days: int) -> Table:
    """Medians of both lakes, and their ratio."""
    table = Table(title=f"hourly run, medians of {len(short)} rounds")
    for heading in ("", "1 day", f"{days} days", "ratio"):
        table.add_column(heading, justify="right")
    for step in STEPS:
        one, many = (statistics.median(run.seconds[step] for run in runs) for runs in (short, long))
        table.add_row(f"{step}, s", f"{one:.2f}", f"{many:.2f}", f"{many / one:.2f}")
    one, many = (statistics.median(run.memory_mb for run in runs) for runs in (short, long))
    table.add_row("memory, MB", f"{one:.0f}", f"{many:.0f}", f"{many / one:.2f}")
    return table


def report(short: list[Measured], long: list[Measured], days: int) -> None:
    """Print the comparison, and whether the goal is reached."""
    one, many = (statistics.median(run.seconds["whole run"] for run in runs) for runs in (short, long))
    word = "reached" if many / one <= GOAL else "missed"
    console = Console(width=110)
    console.print(comparison(short, long, days))
    console.print(
        f"{say_when()}: after {days} days it takes {many / one:.2f} times"
        f" as long as after 1; the goal of at most {GOAL} is {word}",
        soft_wrap=True,
    )


def main(
    days: Annotated[int, typer.Option(help="Days of the longer history.")] = 90,
    objects_a_day: Annotated[int, typer.Option(help="Objects a day.")] = 10_000,
    cameras: Annotated[int, typer.Option(help="Cameras that see them.")] = 2,
    rounds: Annotated[int, typer.Option(help="Runs over each lake.")] = 3,
    folder: Annotated[Path | None, typer.Option(help="Keeps the lakes for another time.")] = None,
    hour: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Compare the hourly run on a day and on many days of history."""
    if hour:
        print(REPORT + json.dumps(run_hour(parse_hour(hour), os.environ)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        lakes = {length: (folder or Path(temporary)).absolute() / str(length) for length in (1, days)}
        now = datetime.now(UTC)
        for length, data in lakes.items():
            make_lake(data, length, cameras, length * objects_a_day, now)
        ends = {length: parse_hour((data / "made").read_text()) for length, data in lakes.items()}
        runs: dict[int, list[Measured]] = {length: [] for length in lakes}
        for number in range(rounds + 1):  # the first warms the disk's cache
            for length in sorted(lakes, reverse=bool(number % 2)):
                runs[length].append(measure(lakes[length], ends[length]))
    report(runs[1][1:], runs[days][1:], days)


if __name__ == "__main__":
    typer.run(main)
