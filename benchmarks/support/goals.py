"""What the benchmarks of speed must reach, and where each writes down what it found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.support.verdict import say_when
from lake.config.settings import PROJECT_ROOT

OUT: Final = PROJECT_ROOT / "var" / "bench"


@dataclass(frozen=True)
class Goal:
    """At least, or at most, so much of what the words say."""

    limit: float
    least: bool
    words: str

    def reached(self, value: float) -> bool:
        """Whether a figure reaches it."""
        return value >= self.limit if self.least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.limit:g}"


def at_least(limit: float, words: str) -> Goal:
    """So much or more."""
    return Goal(limit, True, words)


def at_most(limit: float, words: str) -> Goal:
    """So much or less."""
    return Goal(limit, False, words)


GOALS: Final = {
    # make bench
    "stream_over_bare": at_least(0.85, "stream ÷ bare detector, frames/s"),
    "stream_over_plain": at_least(1.1, "stream ÷ plain consumer, frames/s"),
    "capture_to_result_p50_s": at_most(0.2, "10 frames/s: capture → result, median, s"),
    "capture_to_result_p95_s": at_most(0.35, "10 frames/s: capture → result, 95 of 100, s"),
    "capture_to_delta_p95_s": at_most(3.0, "10 frames/s: capture → row in Delta, 95 of 100, s"),
    "hourly_capture_to_result_p50_s": at_most(0.2, "… beside an hourly run: capture → result, median, s"),
    "hourly_capture_to_result_p95_s": at_most(0.35, "… beside an hourly run: capture → result, 95 of 100, s"),
    "half_capture_to_result_p50_s": at_most(0.4, "half of saturation: capture → result, median, s"),
    "half_capture_to_result_p95_s": at_most(1.0, "half of saturation: capture → result, 95 of 100, s"),
    # benchmarks.batch.long_log
    "detect_batch_p99_over_p50": at_most(3.0, "batches of detect_objects, p99 ÷ p50"),
    "archive_batch_long_over_short": at_most(1.5, "batches of archive_detections, long ÷ short Delta log"),
    "detect_batch_long_over_short": at_most(1.5, "batches of detect_objects, long ÷ short Delta log"),
    "read_long_over_short": at_most(1.5, "a look at detections, long ÷ short Delta log"),
    # benchmarks.operation.footprint
    "demo_memory_gb": at_most(4.0, "memory of everything with the demo camera, GB"),
    "idle_percent_of_a_core": at_most(15.0, "everything without a camera, % of a core"),
    "warm_up_to_first_result_s": at_most(60.0, "warm `make up` to the first detection, s"),
}
"""By the key under which a benchmark writes its figure."""


def write(name: str, found: Mapping[str, Any], folder: Path = OUT) -> None:
    """Write what a benchmark found, with date and commit, as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"measured": say_when(), "measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    (folder / f"{name}.json").write_text(json.dumps({**said, **found}, indent=1))


def goals_table(found: Mapping[str, Any]) -> Table:
    """Each figure that has a goal, and whether it is reached."""
    table = Table("figure", "measured", "goal", "")
    for name, goal in GOALS.items():
        if name in found:
            fine = goal.reached(found[name])
            table.add_row(goal.words, f"{found[name]:.3f}", str(goal), "reached" if fine else "MISSED")
    return table


def all_reached(found: Mapping[str, Any]) -> bool:
    """Whether every figure that has a goal reaches it."""
    return all(goal.reached(found[name]) for name, goal in GOALS.items() if name in found)


def show_all(console: Console, folder: Path = OUT) -> None:
    """Everything that lies in the folder, each file with its own date and commit."""
    for file in sorted(folder.glob("*.json")):
        found = json.loads(file.read_text())
        console.print(f"{file.stem}: {found.get('measured', 'without a date')}", highlight=False)
        console.print(goals_table(found))
