"""What `benchmarks.bench` found, as tables for the terminal and plots for a browser."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Goal:
    """At least, or at most, so much."""

    limit: float
    least: bool

    def reached(self, value: float) -> bool:
        """Whether a figure reaches it."""
        return value >= self.limit if self.least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.limit:g}"


GOALS: Final = {
    "stream_over_bare": Goal(0.85, least=True),
    "stream_over_plain": Goal(1.1, least=True),
    "capture_to_result_p50_s": Goal(0.2, least=False),
    "capture_to_result_p95_s": Goal(0.35, least=False),
    "capture_to_delta_p95_s": Goal(3.0, least=False),
}
SIDES: Final = ("bare", "plain", "stream")


def show(found: dict[str, Any], console: Console) -> None:
    """Goals, then where the time goes."""
    grid = Table("figure", "measured", "goal", "")
    for name, goal in GOALS.items():
        fine = goal.reached(found[name])
        grid.add_row(name, f"{found[name]:.3f}", str(goal), "reached" if fine else "missed")
    grid.add_row("plain_over_bare", f"{found['plain_over_bare']:.3f}", "", "")
    grid.add_row("first way, frames/s", f"{found['first_way_fps']:.3f}", "", "")
    console.print(grid)
    costs = Table("processes of the stream", "processor ms per frame, by round")
    for role in found["rounds"][0]["cpu_ms"]:
        costs.add_row(role, "  ".join(f"{one['cpu_ms'][role]:.1f}" for one in found["rounds"]))
    console.print(costs)
    console.print("a batch of detect_objects, medians: ", found["stages_ms"], highlight=False)
    console.print(f"pictures of {found['picture_kb']:.0f} KB; load {os.getloadavg()[0]:.1f}"
                  f" on {os.cpu_count()} cores", highlight=False)  # fmt: skip


def draw(found: dict[str, Any], path: Path) -> None:
    """A page with the rates and the processor time of each round."""
    figure = make_subplots(1, 2, subplot_titles=("frames a second", "processor ms per frame"))
    rounds = list(range(1, len(found["rounds"]) + 1))
    for side in SIDES:
        rates = [one[side] for one in found["rounds"]]
        figure.add_trace(go.Scatter(x=rounds, y=rates, name=side, mode="lines+markers"), 1, 1)
    for role in found["rounds"][0]["cpu_ms"]:
        costs = [one["cpu_ms"][role] for one in found["rounds"]]
        figure.add_trace(go.Bar(x=rounds, y=costs, name=role), 1, 2)
    figure.update_layout(barmode="stack", title="make bench, by round")
    figure.write_html(path, include_plotlyjs=True)
