from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from lake.contracts.hours import (
    Candidate,
    HourError,
    Scope,
    hours_between,
    last_full_hour,
    merged,
    parse_hour,
)
from lake.contracts.wire_format import MalformedFrameError
from tests.conftest import at


def test_an_hour_in_another_zone_is_read_as_utc() -> None:
    assert parse_hour("2026-01-02T12:00:00+01:00") == at("11:00")


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("yesterday", "write it as 2026-01-31T10:00:00Z"),
        ("2026-01-31T10:00:00", "for UTC write 2026-01-31T10:00:00Z"),
        ("2026-01-31T10:30:00Z", "write 2026-01-31T10:00:00Z"),
    ],
)
def test_a_text_that_names_no_hour_is_refused_with_its_cure(text: str, cure: str) -> None:
    with pytest.raises(HourError, match=cure):
        parse_hour(text)


def test_a_range_counts_both_its_ends() -> None:
    assert hours_between(at("22:00"), at("23:00")) == (at("22:00"), at("23:00"))


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(HourError, match="swap them"):
        hours_between(at("11:00"), at("10:00"))


def test_a_range_of_more_than_400_days_is_refused() -> None:
    with pytest.raises(HourError, match="at most 9600"):
        hours_between(at("11:00"), at("11:00") + timedelta(days=400))


def test_the_last_full_hour_of_a_full_hour_is_the_one_before() -> None:
    assert last_full_hour(at("11:00")) == at("10:00")


def test_a_scope_sorts_its_hours_and_names_each_once() -> None:
    east = timezone(timedelta(hours=2))
    scope = Scope((at("11:00"), at("10:00"), datetime(2026, 1, 2, 12, tzinfo=east)))
    assert scope.hours == (at("10:00"), at("11:00"))
    day = hours_between(at("00:00"), at("23:00"))
    assert Scope(day[::-1]).hours == day


def test_a_scope_names_day_hours_and_cameras_in_sql() -> None:
    scope = Scope((at("23:00"), at("00:00", "2026-01-03")), ("door", "desk"))
    assert scope.where() == (
        "day IN (DATE '2026-01-02', DATE '2026-01-03') AND"
        " hour IN (TIMESTAMP '2026-01-02T23:00:00Z', TIMESTAMP '2026-01-03T00:00:00Z')"
        " AND camera_id IN ('desk', 'door')"
    )


def test_a_camera_that_could_break_out_of_the_sql_is_refused() -> None:
    with pytest.raises(MalformedFrameError, match="must be 1-64 letters"):
        Scope((at("11:00"),), ("x' OR '1'='1",))


def test_a_scope_without_an_hour_is_refused() -> None:
    with pytest.raises(HourError, match="no hour"):
        Scope(())


def test_a_candidate_survives_the_journey_through_an_event() -> None:
    candidate = Candidate(Scope((at("11:00"),), ("door",)), 3, 4)
    assert Candidate.from_extra(candidate.to_extra()) == candidate


def test_an_event_that_names_no_candidate_is_refused() -> None:
    with pytest.raises(HourError, match="names no candidate"):
        Candidate.from_extra({"hours": ["2026-01-02T11:00:00Z"]})


def test_several_candidates_become_one_at_the_newest_versions() -> None:
    first = Candidate(Scope((at("10:00"),), ("door",)), 3, 9)
    second = Candidate(Scope((at("11:00"),), ("desk",)), 5, 8)
    assert merged([first, second]) == Candidate(Scope((at("10:00"), at("11:00")), ("desk", "door")), 5, 9)


def test_one_candidate_of_all_cameras_makes_the_whole_of_them_all() -> None:
    every = Candidate(Scope((at("10:00"),)), 1, 1)
    one = Candidate(Scope((at("10:00"),), ("door",)), 2, 2)
    assert merged([one, every]).scope.cameras is None


def test_hours_are_utc() -> None:
    assert parse_hour("2026-01-02T11:00:00Z").tzinfo is UTC
