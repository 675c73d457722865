"""How long Explore takes over a long history, with and without a day whose hours are still live.

    python -m benchmarks.pages.explore_pages [--objects 10000000] [--days 90] [--live 100000] [--rounds 3]
                                             [--folder DIR]

Asks the same questions of two lakes that hold the same published history; in one of them today's hours are
live as well, and a new result arrives before each question, as it does every two seconds. Each time is that
of a page as the server makes it: how many objects there are, and a hundred of them.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.pages.report_pages import add, make_lake, objects_of
from benchmarks.support.verdict import say_when
from dashboards.data.exploring import Explorer
from lake.schema.schemas import DETECTIONS
from lake.serving.questions import Question

PAGE = 100
OBJECT = ("label", "score", "ymin", "xmin", "ymax", "xmax", "sector_v", "sector_h")
A_FRAME = 3
"""Objects."""


def add_live(root: Path, day: date, objects: int, cameras: int, seed: int) -> None:
    """Results of a day that nobody decided about, A_FRAME objects on each."""
    frames = objects // A_FRAME
    seen = objects_of(day, frames * A_FRAME, cameras, np.random.default_rng(seed))
    values = [pa.array(seen[name]) for name in OBJECT]
    things = pa.StructArray.from_arrays(values, OBJECT)
    first = {name: pa.array(seen[name])[::A_FRAME] for name in ("observed_at", "camera_id", "day")}
    ids = [f"{seed}/{number}" for number in range(frames)]
    add(root, DETECTIONS.name, {
        **first, "appended_at": first["observed_at"], "topic": ["pycturestream"] * frames,
        "topic_id": [f"life {seed}"] * frames, "partition": [0] * frames, "offset": list(range(frames)),
        "frame_id": ids, "status": ["detected"] * frames, "layer": ["speed"] * frames,
        "run_id": ["run"] * frames, "finished_at": first["observed_at"],
        "objects": pa.ListArray.from_arrays(np.arange(frames + 1, dtype=np.int32) * A_FRAME, things),
    })  # fmt: skip


def questions(days: int, today: date) -> dict[str, tuple[Question, int]]:
    """Each with the row at which its page begins."""
    everything = Question(today - timedelta(days=days), today, "TRUE", (), 0.5)

    def asked(where: str = "TRUE", *order: tuple[str, bool]) -> Question:
        return Question(everything.first, today, where, order, 0.5)

    return {
        "newest first, page 1": (everything, 0),
        "newest first, page 1,000": (everything, 999 * PAGE),
        "label = bird, page 1": (asked("lower(v.label) = 'bird'"), 0),
        "highest score first, page 1": (asked("TRUE", ("score", True)), 0),
        "oldest first, page 1": (asked("TRUE", ("observed_at", False)), 0),
    }


def ticking(start: datetime) -> Iterator[datetime]:
    """A clock that is put on by so much that tables are looked at again."""
    while True:
        start += timedelta(seconds=3)
        yield start


def measure(
    root: Path, asked: dict[str, tuple[Question, int]], rounds: int, arrive: Callable[[], None]
) -> dict[str, float]:
    """Median milliseconds of each question."""
    clock = ticking(datetime.now(UTC))
    explorer = Explorer(root, lambda: next(clock))
    explorer.count(next(iter(asked.values()))[0])
    found: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, (question, start) in asked.items():
            arrive()
            began = time.perf_counter()
            count = explorer.count(question)
            rows = explorer.rows(question, start, start + PAGE).num_rows
            found[name].append((time.perf_counter() - began) * 1000)
            if not count or rows != PAGE:
                raise SystemExit(f"{name}: {rows} rows of {count} are not what was asked for")
    return {name: statistics.median(times) for name, times in found.items()}


def report(quiet: dict[str, float], live: dict[str, float], objects: int, days: int, more: int) -> None:
    """Print both and their ratios."""
    grid = Table(f"{objects:,} objects, {days} days", "none live", f"{more:,} live", "ratio")
    for name, alone in quiet.items():
        grid.add_row(name, f"{alone:.0f} ms", f"{live[name]:.0f} ms", f"{live[name] / alone:.2f}")
    console = Console(width=100)
    console.print(grid)
    console.print(say_when())


def main(
    objects: Annotated[int, typer.Option(help="Published objects.")] = 10_000_000,
    days: Annotated[int, typer.Option(help="Days of them.")] = 90,
    live: Annotated[int, typer.Option(help="Objects of the live day.")] = 100_000,
    cameras: Annotated[int, typer.Option(help="Cameras.")] = 4,
    rounds: Annotated[int, typer.Option(help="Times that each question is asked.")] = 3,
    folder: Annotated[Path | None, typer.Option(help="Keeps the published lake for another time.")] = None,
) -> None:
    """Measure and print."""
    today = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as temporary:
        quiet, lively = (folder or Path(temporary)).absolute() / "lake", Path(temporary) / "live"
        make_lake(quiet, objects, days, cameras)
        asked = questions(days, today)
        alone = measure(quiet, asked, rounds, lambda: None)
        shutil.copytree(quiet, lively)
        add_live(lively, today, live, cameras, 1)
        seeds = iter(range(2, 10_000))
        found = measure(lively, asked, rounds, lambda: add_live(lively, today, A_FRAME, cameras, next(seeds)))
    report(alone, found, objects, days, live)


if __name__ == "__main__":
    typer.run(main)
