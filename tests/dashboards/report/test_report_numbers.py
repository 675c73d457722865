"""Numbers of the report, by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest

from dashboards.data.report_counts import Counts, ReportFilter, count
from dashboards.data.report_days import BINS, CELLS, SECTORS, CameraHour, MinuteRows, frames_by_minute, narrow
from dashboards.data.report_history import History
from dashboards.data.report_sums import Day, summed
from dashboards.report import figures as report_figures
from dashboards.report import sentences as report_words
from dashboards.report.answers import words_of
from dashboards.report.query import MAX_BUCKETS, ReportQuery, before
from dashboards.report.series import edges, local_minutes, names_of, place_of, range_of
from dashboards.ui.filters import FilterError
from tests.conftest import at

HOSTILE = "<b>x</b>, y"
RATE = ReportQuery.read({"bucket": "15"})


Hour = tuple[CameraHour, list[int]]


def hour(clock: str, camera: str, by_minute: dict[int, int], state: str = "published") -> Hour:
    minutes = [by_minute.get(minute, 0) for minute in range(60)]
    return CameraHour(at(clock), camera, state, sum(minutes), sum(minutes), 1800.0), minutes


class Seen(NamedTuple):
    """A day in sums, and its rows."""

    day: Day
    rows: MinuteRows


def day(*seen: tuple[int, str, str, float], hours: tuple[Hour, ...] = ()) -> Seen:
    """Objects as (minute of the day, camera, label, score), at middle left."""
    cameras, labels = (tuple(sorted({one[place] for one in seen})) for place in (1, 2))
    pairs = [cameras.index(camera) * len(labels) + labels.index(label) for _, camera, label, _ in seen]
    bins = [math.floor(np.float32(score).item() * 20) - 4 for *_, score in seen]
    codes = (pairs, [minute for minute, *_ in seen], bins, [3] * len(seen), [40] * len(seen), [1] * len(seen))
    rows = MinuteRows(date(2026, 1, 2), cameras, labels, *(narrow(np.array(one, np.int64)) for one in codes))
    return Seen(summed(rows, tuple(one for one, _ in hours), frames_by_minute(hours)), rows)


def answer(seen: Seen, asked: ReportFilter) -> Counts:
    return count([seen.day], asked, lambda _day: seen.rows)


TEN = 600
SEEN = day(
    (TEN, "door", "cat", 0.75), (TEN + 1, "door", "cat", 0.55), (TEN + 16, "yard", HOSTILE, 0.9),
    (TEN + 59, "door", "cat", 0.3),
    hours=(hour("10:00", "door", {0: 2, 1: 2}), hour("10:00", "yard", {16: 1, 20: 3}, "live"),
           hour("11:00", "door", {}, "held")),
)  # fmt: skip
ASKED = ReportFilter(at("10:00"), at("12:00"))
DAY = ReportFilter(at("00:00"), at("00:00", "2026-01-03"))


def counted(**more: Any) -> Counts:
    return answer(SEEN, ReportFilter(**{"first": at("10:00"), "last": at("12:00"), **more}))


def test_a_day_of_many_cameras_and_labels_counts_each_of_them() -> None:
    many = day(*((1439, f"camera {one}", f"thing {one}", 0.6) for one in range(50)))
    assert answer(many, ReportFilter(at("23:00"), at("23:59"))).objects == 0
    for asked in (DAY, ReportFilter(at("23:00"), DAY.last)):
        found = answer(many, asked)
        assert found.labels == dict.fromkeys(sorted(f"thing {one}" for one in range(50)), 1)
        assert found.cameras == {f"camera {one}": 1 for one in range(50)}
        assert found.sectors.tolist() == [[0, 0, 0], [50, 0, 0], [0, 0, 0]]
        assert answer(many, replace(asked, cameras=frozenset({"camera 49"}))).labels == {"thing 49": 1}


def invented(dice: np.random.Generator, on: date) -> Seen:
    """A day of three cameras and four labels: up to two objects of each kind, a fifth without a place."""
    count = 3000
    placeless = dice.random(count) < 0.2
    ranges = 12, 1440, BINS, SECTORS, CELLS, 3
    codes = [dice.integers(0, size, count) for size in ranges]
    codes[3][placeless], codes[4][placeless] = SECTORS, CELLS
    rows = MinuteRows(on, ("door", "gate", "yard"), ("ape", "bee", "cat", "dog"), *map(narrow, codes))
    frames = {name: narrow(dice.integers(0, 4, 1440)) for name in rows.cameras}
    return Seen(summed(rows, (), frames), rows)


@pytest.mark.parametrize("threshold", [0.2, 0.55, 1.0])
@pytest.mark.parametrize("first", ["00:00", "13:07"])
def test_whole_days_in_sums_are_counted_as_their_rows_are(first: str, threshold: float) -> None:
    dice = np.random.default_rng(1)
    days = [invented(dice, date(2026, 1, 2) + timedelta(days=number)) for number in range(4)]
    rows = {one.rows.day: one.rows for one in days}
    names = {"cameras": frozenset({"gate", "yard"}), "labels": frozenset({"ape", "dog", "yak"})}
    for chosen in ({}, names):
        asked = ReportFilter(at(first), at("18:22", "2026-01-05"), threshold=threshold, **chosen)
        whole = count([one.day for one in days], asked, rows.__getitem__)
        single = count([one.day for one in days], replace(asked, step=1), rows.__getitem__)
        assert whole.objects > 100
        for name in ("labels", "cameras", "analysed", "placeless"):
            assert getattr(whole, name) == getattr(single, name), name
        for name in ("sectors", "cells", "frames_by_minute"):
            assert getattr(whole, name).tolist() == getattr(single, name).tolist(), name
        places = single.asked.starts // 15 - whole.asked.first_step
        assert whole.frames.tolist() == np.bincount(places, single.frames).tolist()
        for label, steps in whole.by_label.items():
            assert steps.tolist() == np.bincount(places, single.by_label[label]).tolist()
            assert whole.by_minute[label].tolist() == single.by_minute[label].tolist()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("axis", ["minute", "hour", "weekday", "day", "week"])
def test_charts_in_steps_show_what_charts_by_the_minute_show(zone: str, axis: str) -> None:
    """Nepal is 5:45 ahead; Lord Howe puts its clock on by half an hour, on 4 October at 15:30 UTC."""
    dice = np.random.default_rng(2)
    days = [invented(dice, date(2026, 10, 2) + timedelta(days=number)) for number in range(4)]
    rows = {one.rows.day: one.rows for one in days}
    query = ReportQuery.read({
        "period": "custom", "from": "2026-10-02T00:00:00Z", "to": "2026-10-05T11:11:00Z", "axis": axis,
        "bucket": "60",
    })  # fmt: skip
    asked = query.asked(at("12:00", "2026-10-05"), zone)
    steps = 1 if (zone, axis) == ("Australia/Lord_Howe", "minute") else 15
    assert asked.step == steps
    found, single = (
        count([one.day for one in days], each, rows.__getitem__) for each in (asked, replace(asked, step=1))
    )
    for draw in (report_figures.histogram, report_figures.timeline, report_figures.week):
        assert draw(found, query, zone) == draw(single, query, zone)


def test_objects_stand_beside_the_frames_on_which_they_were_seen() -> None:
    found = counted()
    assert found.labels == {"cat": 2, HOSTILE: 1}
    assert found.analysed == 8
    assert report_words.summary(found) == "3 objects on 8 analysed frames of 2 cameras: 0.38 per frame."
    quiet = replace(found, hours=(*found.hours, replace(found.hours[0], gated=1200)))
    assert report_words.summary(quiet).endswith(
        "0.38 per frame. 1,200 more pictures were not sent, as nothing moved."
    )
    assert found.sectors.tolist() == [[0, 0, 0], [3, 0, 0], [0, 0, 0]]
    assert found.cells[1][8] == 3


def test_nothing_seen_and_nobody_looking_are_drawn_differently() -> None:
    traces = report_figures.timeline(counted(), RATE, "UTC")["data"]
    bars = {trace["name"]: trace["y"] for trace in traces}
    assert bars["cat"] == [0.5, 0.0, None, None, None, None, None, None]
    assert bars["&lt;b&gt;x&lt;/b&gt;, y"] == [0.0, 0.25, None, None, None, None, None, None]


def test_a_span_cuts_frames_and_objects_alike() -> None:
    found = counted(first=at("10:01"), last=at("10:17"))
    assert (found.labels, found.analysed) == ({"cat": 1, HOSTILE: 1}, 3)
    assert counted(first=at("10:16"), last=at("10:17")).labels == {HOSTILE: 1}
    assert counted(first=at("10:00"), last=at("10:16")).labels == {"cat": 2}
    assert counted(first=at("00:00", "2026-01-03"), last=at("01:00", "2026-01-03")).objects == 0


def test_what_is_chosen_is_counted_alone() -> None:
    yard, cats = counted(cameras=frozenset({"yard"})), counted(labels=frozenset({"cat"}))
    assert (yard.labels, yard.cameras, yard.analysed) == ({HOSTILE: 1}, {"yard": 1}, 4)
    assert [one.camera for one in yard.hours] == ["yard"]
    assert (cats.labels, cats.cameras, cats.analysed) == ({"cat": 2}, {"door": 2}, 8)
    assert int(cats.cells.sum()) == 2


def test_hours_are_those_that_lie_in_the_span_at_least_in_part() -> None:
    def hours(first: str, last: str) -> list[int]:
        return [one.hour.hour for one in counted(first=at(first), last=at(last)).hours]

    assert hours("10:59", "11:00") == [10, 10]
    assert hours("10:59", "11:01") == [10, 10, 11]
    assert hours("11:00", "11:01") == [11]
    whole = answer(SEEN, DAY)
    assert (whole.hours, whole.objects) == (SEEN.day.hours, 3)


@pytest.mark.parametrize(("said", "taken"), [("0.37", 0.35), ("0.38", 0.4), ("0.2", 0.2), ("1", 1.0)])
def test_a_threshold_is_taken_in_steps_of_a_twentieth(said: str, taken: float) -> None:
    query = ReportQuery.read({"threshold": said})
    assert query.filters.threshold == query.asked(at("12:00")).threshold == taken
    assert query.to_query() == f"threshold={taken:g}"
    assert query.said_threshold == float(said)


def test_a_score_of_32_bits_below_the_threshold_stays_below() -> None:
    assert counted(threshold=0.55).labels == {"cat": 2, HOSTILE: 1}
    assert counted(threshold=0.75).labels == {"cat": 1, HOSTILE: 1}
    assert float(np.float32(0.55)) > 0.55
    assert float(np.float32(0.9)) < 0.9
    assert counted(threshold=0.9).labels == {}


def test_states_of_hours_are_told_apart() -> None:
    bars = report_figures.coverage(counted(), RATE, "Europe/Berlin")["data"]
    assert {one["name"]: (one["x"], one["y"]) for one in bars} == {
        "published": (["2026-01-02T11:00"], [0.25]), "live": (["2026-01-02T11:00"], [0.25]),
        "held": (["2026-01-02T12:00"], [0.5]),
    }  # fmt: skip


def test_hours_of_coverage_stand_at_their_time_on_the_clock_of_the_zone() -> None:
    seen = day(hours=(hour("23:00", "door", {0: 1}), hour("01:00", "door", {0: 1})))
    found = answer(seen, ReportFilter(at("01:30"), at("00:00", "2026-01-03")))
    [bars, *_] = report_figures.coverage(found, RATE, "Asia/Kolkata")["data"]
    assert bars["x"] == ["2026-01-03T04:30", "2026-01-02T06:30"]


def test_the_text_says_how_fresh_the_numbers_are() -> None:
    said = report_words.freshness(History((SEEN.day,), 2, 0, at("12:00")), counted(), RATE_ZONE)
    assert said == (
        "Read at 2026-01-02 12:00 UTC. Hours of cameras: 1 published, 1 live, 1 held. "
        "Live since 2026-01-02 10:00 UTC: these numbers may still change. "
        "A held hour failed its checks and changes no chart until it passes. 2 older days still to be read …"
    )


RATE_ZONE: Any = at("12:00").tzinfo


def test_a_day_with_a_change_of_the_clock_has_23_or_25_hours() -> None:
    for start, hours in (
        (datetime(2026, 3, 29, tzinfo=RATE_ZONE), 23),
        (datetime(2026, 10, 25, tzinfo=RATE_ZONE), 25),
    ):
        first = start - timedelta(hours=1 if hours == 23 else 2)
        starts = ReportFilter(first, first + timedelta(hours=hours)).starts
        local = local_minutes(starts, "Europe/Berlin")
        assert len(set(place_of(local, "day").tolist())) == 1
        assert len(edges(starts, local, 60)) == hours


def test_no_more_steps_are_drawn_than_can_be_seen() -> None:
    assert RATE.fitting_bucket(15 * MAX_BUCKETS) == 15
    assert RATE.fitting_bucket(15 * MAX_BUCKETS + 1) == 60
    assert RATE.fitting_bucket(10**9) == 1440


def test_the_period_before_ends_where_this_one_begins() -> None:
    assert before(ASKED) == ReportFilter(at("08:00"), at("10:00"))


@pytest.mark.parametrize(
    "query", [{"axis": "year"}, {"bucket": "7"}, {"measure": "sum; DROP"}, {"period": "x"}]
)
def test_a_word_that_nobody_knows_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(FilterError, match="none of"):
        ReportQuery.read(query)


def test_an_endless_period_is_cut_to_the_newest_days() -> None:
    query = {"period": "custom", "from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59.999999Z"}
    asked = ReportQuery.read(query).asked(at("12:00"))
    assert asked.last == at("12:00", "2026-01-03")
    assert asked.last - asked.first == timedelta(days=400)


def test_a_picked_time_is_meant_in_the_zone_that_is_shown() -> None:
    picked = {
        "period": "custom",
        "from": "2026-01-02 11:00:00",
        "to": "2026-01-02 12:00:00",
        "camera": ["a,b"],
    }
    said = words_of(picked, "Europe/Berlin")
    assert (said["from"], said["camera"]) == ("2026-01-02T10:00:00.000000Z", "a\\,b")
    assert words_of({**picked, "zone": "utc"}, "Europe/Berlin")["from"] == "2026-01-02T11:00:00.000000Z"
    tokyo = words_of({**picked, "zone": "Asia/Tokyo"}, "Europe/Berlin")
    assert (tokyo["from"], tokyo["zone"]) == ("2026-01-02T02:00:00.000000Z", "Asia/Tokyo")
    assert "from" not in words_of({**picked, "period": "24h"}, "Europe/Berlin")


def test_a_week_begins_on_monday_and_belongs_to_the_year_of_its_thursday() -> None:
    local = local_minutes(ReportFilter(at("23:59", "2026-01-04"), at("00:01", "2026-01-05")).starts, "UTC")
    assert [names_of(int(place), 1, "week") for place in place_of(local, "week")] == [
        ["2026-W01"],
        ["2026-W02"],
    ]
    turn = local_minutes(ReportFilter(at("00:00", "2026-12-27"), at("00:00", "2027-01-05")).starts, "UTC")
    assert names_of(*range_of(place_of(turn, "week"), "week"), "week") == ["2026-W52", "2026-W53", "2027-W01"]
