"""What more workers gain, and what of it so many cores allow."""

from __future__ import annotations

import pytest

from benchmarks.speed.cluster_workers import (
    BROKER,
    DAEMONS,
    DRIVER,
    EXECUTORS,
    PYTHON,
    Worked,
    gain_of,
    limit,
)

COST = {BROKER: 2.0, DRIVER: 3.0, DAEMONS: 1.0, EXECUTORS: 4.0, PYTHON: 20.0}


@pytest.mark.parametrize(
    ("workers", "cores", "reach"),
    [(1, 2, 1.0), (2, 2, 24 / 15), (2, 16, 2.0), (8, 16, 8.0), (16, 16, 24 * 16 / 30)],
)
def test_workers_reach_what_broker_and_driver_leave_of_the_cores(
    workers: int, cores: int, reach: float
) -> None:
    assert limit(Worked(50, COST), workers, cores) == pytest.approx(reach)


def test_gains_are_medians_over_the_fewest_workers_and_goals_nine_tenths_of_what_kafka_leaves() -> None:
    rates = [(50, 90), (40, 80), (60, 90)]
    done = [{1: Worked(one, COST), 2: Worked(two, COST)} for one, two in rates]
    found = gain_of(done, 2, 2)
    assert found == pytest.approx({"gain": 1.8, "goal": 0.9 * 24 / 13, "limit": 24 / 15})
