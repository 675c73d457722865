from __future__ import annotations

from datetime import timedelta

import pytest

from benchmarks.batches import (
    Batch,
    by_hundred,
    from_number,
    long_run,
    percentile,
    ratio_in_turns,
    spread,
)
from tests.conftest import at


def batches(*ms, first=0):
    """One a second."""
    return [Batch(first + at_, at("11:00") + timedelta(seconds=at_), value) for at_, value in enumerate(ms)]


def test_a_percentile_lies_between_the_values_it_parts():
    assert [percentile([10.0, 20.0, 30.0, 40.0, 50.0], percent) for percent in (25, 50, 90)] == [
        20.0,
        30.0,
        pytest.approx(46.0),
    ]


def test_the_spread_is_of_500_batches_from_a_number_on():
    slow = batches(*[9000.0] * 10, *[100.0] * 490, *[400.0] * 10, *[9000.0] * 20)
    assert spread(slow, 10) == pytest.approx(4.0)
    assert spread(slow[:500], 10) == pytest.approx(1.0)


def test_a_median_is_of_the_100_batches_from_a_number_on_also_where_numbers_are_missing():
    run = batches(*[1.0] * 50, *[2.0] * 100, *[9.0] * 100, first=1000)
    assert (from_number(run, 1050), from_number(run[60:], 1050), from_number(run, 1100)) == (2.0, 2.0, 5.5)


def test_each_hundred_batches_have_a_median_the_last_may_be_fewer():
    assert by_hundred(batches(*[1.0] * 99, 7.0, *[3.0] * 60)) == [1.0, 3.0]


def test_the_long_run_of_a_query_is_told_in_five_figures():
    run = batches(*[50.0] * 200, *[100.0] * 500, *[110.0] * 100, *[125.0] * 100)
    assert long_run(run, 200, 800) == {
        "p99_over_p50": 1.0,
        "late_over_early": 1.25,
        "early_ms": 100.0,
        "late_ms": 125.0,
        "by_hundred_ms": [50, 50, 100, 100, 100, 100, 100, 110, 125],
    }


def test_turns_are_compared_with_one_another_and_one_without_a_partner_is_left_out():
    long = {1: [30.0, 40.0, 50.0], 2: [900.0], 3: [20.0, 20.0], 4: [], 5: [90.0]}
    short = {1: [40.0], 2: [], 3: [10.0], 4: [1.0], 5: [30.0]}
    assert ratio_in_turns(long, short) == 2.0
