from __future__ import annotations

import pytest

from benchmarks.support.batches import percentile, ratio_in_turns, spread


def test_a_percentile_lies_between_the_values_it_parts():
    assert [percentile([10.0, 20.0, 30.0, 40.0, 50.0], percent) for percent in (25, 50, 90)] == [
        20.0,
        30.0,
        pytest.approx(46.0),
    ]


def test_the_spread_is_what_one_of_a_hundred_takes_over_what_half_take():
    assert spread([100.0] * 97 + [400.0] * 4) == pytest.approx(4.0)
    assert spread([100.0] * 200 + [400.0]) == pytest.approx(1.0)


def test_turns_are_compared_with_one_another_and_one_without_a_partner_is_left_out():
    long = {1: [30.0, 40.0, 50.0], 2: [900.0], 3: [20.0, 20.0], 4: [], 5: [90.0]}
    short = {1: [40.0], 2: [], 3: [10.0], 4: [1.0], 5: [30.0]}
    assert ratio_in_turns(long, short) == 2.0
