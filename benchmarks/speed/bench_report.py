"""What `benchmarks.speed.bench` found, as tables for the terminal and plots for a browser.

    python -m benchmarks.speed.bench_report

shows again what lies in var/bench, of all benchmarks of speed, each with its own date and commit.
"""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median
from typing import Any, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots
from rich.console import Console
from rich.table import Table

from benchmarks.support.goals import goals_table, show_all

SIDES: Final = ("bare", "plain", "stream")


def show(found: dict[str, Any], console: Console) -> None:
    """Goals, then where the time goes."""
    console.print(goals_table(found))
    grid = Table("also", "measured")
    grid.add_row("plain_over_bare", f"{found['plain_over_bare']:.3f}")
    for side in SIDES:
        grid.add_row(f"{side}, frames/s, median", f"{median(one[side] for one in found['rounds']):.1f}")
    grid.add_row("model and session made anew for each frame, frames/s", f"{found['first_way_fps']:.3f}")
    grid.add_row("half of saturation, frames/s", f"{found['half_fps']:.1f}")
    for pace in ("half", "hourly"):
        grid.add_row(f"{pace}_capture_to_delta_p95_s", f"{found[f'{pace}_capture_to_delta_p95_s']:.3f}")
    for job, seconds in found["hourly_run_s"].items():
        grid.add_row(f"hourly run, {job}, s", f"{seconds:.1f}")
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


if __name__ == "__main__":
    show_all(Console(width=110))
