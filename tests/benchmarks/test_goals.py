from __future__ import annotations

import json
from io import StringIO

from rich.console import Console

from benchmarks.speed.bench import named
from benchmarks.support.goals import GOALS, all_reached, at_least, at_most, goals_table, show_all, write


def printed(what):
    """Lines of a table without their frames."""
    console = Console(file=StringIO(), width=120)
    console.print(what)
    lines = [line.strip("│ ") for line in console.file.getvalue().splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.split("│")] for line in lines]


def test_a_limit_itself_is_still_reached():
    assert [at_least(0.85, "").reached(value) for value in (0.849, 0.85, 0.9)] == [False, True, True]
    assert [at_most(0.35, "").reached(value) for value in (0.34, 0.35, 0.351)] == [True, True, False]


def test_a_goal_says_its_limit():
    assert (str(at_least(1.1, "")), str(at_most(3.0, ""))) == ("≥ 1.1", "≤ 3")


def test_the_goals_are_those_of_the_project():
    least = {"stream_over_bare": 0.85, "stream_over_plain": 1.1}
    most = {
        "capture_to_result_p50_s": 0.2, "capture_to_result_p95_s": 0.35, "capture_to_delta_p95_s": 3.0,
        "hourly_capture_to_result_p50_s": 0.2, "hourly_capture_to_result_p95_s": 0.35,
        "half_capture_to_result_p50_s": 0.4, "half_capture_to_result_p95_s": 1.0,
        "detect_batch_p99_over_p50": 3.0, "archive_batch_long_over_short": 1.5,
        "detect_batch_long_over_short": 1.5, "read_long_over_short": 1.5, "demo_memory_gb": 4.0,
        "idle_percent_of_a_core": 15.0, "warm_up_to_first_result_s": 60.0,
    }  # fmt: skip
    assert {name: goal.limit for name, goal in GOALS.items() if goal.least} == least
    assert {name: goal.limit for name, goal in GOALS.items() if not goal.least} == most


def test_the_table_has_a_row_for_each_figure_with_a_goal_in_the_goals_order():
    found = {"capture_to_result_p50_s": 0.21, "stream_over_bare": 0.85, "plain_over_bare": 0.8}
    assert printed(goals_table(found)) == [
        ["stream ÷ bare detector, frames/s", "0.850", "≥ 0.85", "reached"],
        ["10 frames/s: capture → result, median, s", "0.210", "≤ 0.2", "MISSED"],
    ]


def test_all_is_reached_when_every_figure_with_a_goal_is():
    assert all_reached({"stream_over_bare": 0.85, "plain_over_bare": 0.1})
    assert not all_reached({"stream_over_bare": 0.85, "stream_over_plain": 1.09})


def test_what_was_written_is_shown_with_its_own_date_and_commit(tmp_path):
    write("footprint", {"warm_up_to_first_result_s": 61.0, "first": [61.0]}, tmp_path)
    said = json.loads((tmp_path / "footprint.json").read_text())
    assert (said["warm_up_to_first_result_s"], said["first"]) == (61.0, [61.0])
    assert list(said) == ["measured", "measured_at", "warm_up_to_first_result_s", "first"]
    console = Console(file=StringIO(), width=120)
    show_all(console, tmp_path)
    shown = console.file.getvalue()
    assert shown.startswith(f"footprint: {said['measured']}\n")
    assert "MISSED" in shown


def test_figures_of_another_pace_bear_its_name():
    assert named("half", {"capture_to_result_p50_s": 0.3}) == {"half_capture_to_result_p50_s": 0.3}
