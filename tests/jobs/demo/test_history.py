from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from jobs.demo.history import History, HistoryError, Plan, plan_history
from lake.contracts.hours import hour_of
from tests.conftest import at

END = at("10:30")


def history(seed=1, days=2, cameras=3, objects=2000, end=END):
    return History(seed, days, cameras, objects, end)


def test_a_history_ends_with_the_last_full_hour_and_is_whole_days_long():
    asked = history(days=2)
    assert (asked.first, asked.hour(asked.hour_count)) == (at("10:00") - timedelta(days=2), at("10:00"))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seed": -1}, "--seed -1 must be from 0 to 4294967295"),
        ({"days": 0}, "--days 0 must be from 1 to 90"),
        ({"days": 91}, "--days 91 must be from 1 to 90"),
        ({"cameras": 0}, "--cameras 0 must be from 1 to 50"),
        ({"objects": 10_000_001}, "--objects 10000001 must be from 1 to 10000000"),
        (
            {"end": at("11:00").replace(tzinfo=None)},
            "--end 2026-01-02T11:00:00 has no time zone; for UTC add a Z",
        ),
        (
            {"end": datetime.fromisoformat("0001-01-01T00:00:00+14:00")},
            "--end 0001-01-01T00:00:00+14:00 is before any camera: give a year from 2000 on",
        ),
        (
            {"end": at("10:00", "1970-01-01")},
            "--end 1970-01-01T10:00:00+00:00 is before any camera: give a year from 2000 on",
        ),
    ],
)
def test_nonsense_is_refused_with_the_value_and_the_cure(wrong, sentence):
    with pytest.raises(HistoryError) as refused:
        history(**wrong)
    assert str(refused.value) == sentence


def test_fewer_objects_than_hours_are_refused():
    with pytest.raises(HistoryError) as refused:
        plan_history(history(objects=3))
    needed = 2 * 24 * 3 - int(plan_history(history()).outages.sum())
    assert str(refused.value) == (
        f"--objects 3 are too few for one in each of the {needed} hours of 3 cameras:"
        f" give at least {needed}, or fewer --days or --cameras"
    )
    assert plan_history(history(objects=needed)).objects.max() == 1


def test_more_objects_than_frames_can_show_are_refused():
    with pytest.raises(HistoryError, match=r"too many for 1 days of 1 cameras: give at most about \d+, or"):
        plan_history(history(days=1, cameras=1, objects=10_000_000))


def test_a_plan_has_exactly_the_objects_asked_for_and_one_in_each_hour_that_is_no_outage():
    plans = [
        plan_history(history(seed, days, cameras)) for seed in range(8) for days, cameras in ((1, 1), (9, 5))
    ]
    assert {int(plan.objects.sum()) for plan in plans} == {2000}
    assert all(((plan.objects == 0) == plan.outages).all() for plan in plans)
    assert all(((plan.frames == 0) == plan.outages).all() for plan in plans)
    assert all(plan.outages.any() for plan in plans)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another():
    first, again, other = (plan_history(history(seed)) for seed in (1, 1, 2))
    assert (first.objects == again.objects).all()
    assert (first.objects != other.objects).any()


def test_the_largest_history_that_is_promised_can_be_planned():
    plan = plan_history(history(days=90, cameras=4, objects=10_000_000))
    assert int(plan.objects.sum()) == 10_000_000


def test_an_office_is_busy_on_working_days_and_quiet_at_night_and_at_the_weekend():
    plan = plan_history(history(days=14, cameras=4, objects=500_000, end=at("00:00", "2026-01-12")))
    office = plan.objects[:, 3].reshape(14, 24)
    weekend = np.array([(plan.history.first + timedelta(days=day)).weekday() >= 5 for day in range(14)])
    assert office[~weekend][:, 10].mean() > 3 * office[weekend][:, 10].mean()
    assert office[:, 10].mean() > 5 * office[:, 3].mean()


def a_plan(outages, frames):
    outages, frames = np.array(outages, dtype=bool)[:, None], np.array(frames)[:, None]
    asked = History(1, 1, 1, 1, hour_of(END))
    return Plan(asked, outages, frames, frames)


def test_outages_are_listed_with_their_first_hour_and_the_hour_after_their_last():
    plan = a_plan([1, 0, 0, 1, 1, 0, 1], [0, 5, 6, 0, 0, 7, 0])
    day = "2026-01-01T"
    assert plan.listed_outages() == [
        {"camera": "synthetic-door", "from": f"{day}10:00:00Z", "to": f"{day}11:00:00Z"},
        {"camera": "synthetic-door", "from": f"{day}13:00:00Z", "to": f"{day}15:00:00Z"},
        {"camera": "synthetic-door", "from": f"{day}16:00:00Z", "to": f"{day}17:00:00Z"},
    ]


def test_a_session_begins_after_each_outage_and_counts_its_frames_from_0():
    plan = a_plan([0, 0, 1, 1, 0, 0, 1, 0], [5, 6, 0, 0, 7, 8, 0, 9])
    assert plan.sessions[:, 0].tolist() == [0, 0, 0, 0, 1, 1, 1, 2]
    assert plan.sequences[~plan.outages].tolist() == [0, 5, 0, 7, 0]
