from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from jobs.events.event_times import (
    EPOCH,
    MICROSECOND,
    EventTimeError,
    LocalTimeProblem,
    format_time,
    parse_time,
)
from tests.conftest import at

BERLIN = ZoneInfo("Europe/Berlin")


def read(said: str, zone: ZoneInfo = BERLIN) -> tuple[datetime, LocalTimeProblem]:
    micros, doubt = parse_time(said, zone)
    return EPOCH + micros * MICROSECOND, doubt


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2018-03-18 18:25:56.092099", at("17:25:56.092099", "2018-03-18")),
        ("2018-03-18T18:25:56", at("17:25:56", "2018-03-18")),
        ("2018-07-18 18:25", at("16:25", "2018-07-18")),
        ("2018-03-18T18:25:56Z", at("18:25:56", "2018-03-18")),
        ("2018-03-18 18:25:56.5+05:30", at("12:55:56.5", "2018-03-18")),
        ("2018-03-18 18:25:56.092099999", at("17:25:56.092099", "2018-03-18")),
    ],
)
def test_a_time_without_a_zone_is_meant_in_that_of_the_file(said: str, moment: datetime) -> None:
    assert read(said) == (moment, LocalTimeProblem.NONE)


def test_an_hour_that_comes_twice_is_taken_for_the_first() -> None:
    assert read("2018-10-28 01:59:59.999999") == (at("23:59:59.999999", "2018-10-27"), LocalTimeProblem.NONE)
    assert read("2018-10-28 02:00:00") == (at("00:00", "2018-10-28"), LocalTimeProblem.TWICE)
    assert read("2018-10-28 02:59:59") == (at("00:59:59", "2018-10-28"), LocalTimeProblem.TWICE)
    assert read("2018-10-28 03:00:00") == (at("02:00", "2018-10-28"), LocalTimeProblem.NONE)
    assert read("2018-10-28 02:30:00+01:00") == (at("01:30", "2018-10-28"), LocalTimeProblem.NONE)


def test_an_hour_that_never_was_moves_on() -> None:
    assert read("2018-03-25 01:59:59") == (at("00:59:59", "2018-03-25"), LocalTimeProblem.NONE)
    assert read("2018-03-25 02:00:00") == (at("01:00", "2018-03-25"), LocalTimeProblem.NEVER)
    assert read("2018-03-25 02:59:59") == (at("01:59:59", "2018-03-25"), LocalTimeProblem.NEVER)
    assert read("2018-03-25 03:00:00") == (at("01:00", "2018-03-25"), LocalTimeProblem.NONE)


def test_a_gap_of_half_an_hour_is_known_too() -> None:
    assert read("2018-10-07 02:15", ZoneInfo("Australia/Lord_Howe")) == (
        at("15:45", "2018-10-06"),
        LocalTimeProblem.NEVER,
    )


@pytest.mark.parametrize(
    "said", ["", "yesterday", "2018-03-18", "20180318T182556", "2018-W11-7T10:00", "2018-02-30 10:00",
             "2018-03-18 25:00", "2018-03-18 18:25:56 Uhr", "\u0662018-03-18 18:25", "0000-01-01 00:00"]
)  # fmt: skip
def test_what_is_no_time_is_refused(said: str) -> None:
    with pytest.raises(EventTimeError) as refused:
        parse_time(said, BERLIN)
    assert str(refused.value) == f"{said!r} is no time; it is written as 2026-01-31 10:00:00.5"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "UTC"])
def test_a_time_is_written_as_it_was_read_through_all_changes_of_the_clock(zone: str) -> None:
    clock, moment = ZoneInfo(zone), at("00:00", "2018-01-01")
    while moment.year == 2018:
        said = format_time(moment, clock)
        micros, doubt = parse_time(said, clock)
        assert format_time(EPOCH + micros * MICROSECOND, clock) == said
        assert doubt is LocalTimeProblem.TWICE or EPOCH + micros * MICROSECOND == moment
        moment += timedelta(minutes=17, microseconds=123_457)
