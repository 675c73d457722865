from __future__ import annotations

from types import SimpleNamespace

import pytest

from benchmarks.operation import footprint
from benchmarks.operation.footprint import alone, figures, percents, start, until_between_runs
from tests.conftest import at


def test_a_start_is_repeated_on_what_the_last_one_left_and_the_slowest_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened: list[str] = []
    seconds = iter([31.04, 45.26, 40.0])
    monkeypatch.setattr(
        footprint, "make_up", lambda _, command: happened.append(command[-1]) or next(seconds)
    )
    system = SimpleNamespace(down=lambda: happened.append("down"))
    assert start(system, 3, ["make", "up"]) == {
        "warm_up_to_first_result_s": 45.3,
        "command": "make up",
        "starts_s": [31.0, 45.3, 40.0],
    }
    assert happened == ["up", "down", "up", "down", "up"]


def test_processor_seconds_become_percent_of_one_core():
    assert percents({"kafka": 10.0, "stream": 5.0}, {"kafka": 13.0, "stream": 5.5}, 60.0) == {
        "kafka": 5.0,
        "stream": 0.8333333333333334,
    }


def test_the_supervisors_memory_holds_that_of_all_programs():
    memory = {"kafka": 300.0, "stream": 1200.0, "supervisor": 1520.0}
    assert alone(memory) == {"kafka": 300.0, "stream": 1200.0, "supervisor": 20.0}


def test_nothing_is_counted_twice():
    memory, cpu = {"kafka": 300.0, "supervisor": 320.0}, {"kafka": 5.004, "supervisor": 0.5}
    assert figures(memory, 350.0, cpu) == {
        "demo_memory_gb": 0.32,
        "demo_resident_sets_gb": 0.35,
        "idle_percent_of_a_core": 5.5,
        "memory_mb": {"kafka": 300, "supervisor": 20},
        "idle_percent": {"kafka": 5.0, "supervisor": 0.5},
    }


@pytest.mark.parametrize(
    ("clock", "waits"),
    [("11:05", 420), ("11:12", 0), ("11:23", 0), ("11:23:30", 510), ("11:40", 0), ("11:59", 780)],
)
def test_processor_time_is_counted_between_the_runs_of_the_hour(clock: str, waits: float) -> None:
    assert until_between_runs(at(clock), 120) == waits
