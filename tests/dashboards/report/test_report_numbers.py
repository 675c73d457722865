"""Numbers of the report, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from dashboards.data.report_counts import Counts, ReportFilter, count
from dashboards.data.report_days import CELLS, SECTORS, CameraHour, Day, by_score, frames_by_minute
from dashboards.data.report_history import History
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


def day(*seen: tuple[int, str, str, float], hours: tuple[Hour, ...] = ()) -> Day:
    """Objects as (minute of the day, camera, label, score), at middle left."""
    cameras, labels = (tuple(sorted({one[place] for one in seen})) for place in (1, 2))
    when = [minute * len(labels) + labels.index(label) for minute, _, label, _ in seen]
    where = [(cameras.index(camera) * SECTORS + 3) * CELLS + 40 for _, camera, _, _ in seen]
    score = np.array([one[3] for one in seen], np.float32)
    counted = tuple(one for one, _ in hours), frames_by_minute(hours)
    return Day(date(2026, 1, 2), *by_score(score, np.array(when), np.array(where)), cameras, labels, *counted)


TEN = 600
SEEN = day(
    (TEN, "door", "cat", 0.75), (TEN + 1, "door", "cat", 0.55), (TEN + 16, "yard", HOSTILE, 0.9),
    (TEN + 59, "door", "cat", 0.3),
    hours=(hour("10:00", "door", {0: 2, 1: 2}), hour("10:00", "yard", {16: 1, 20: 3}, "live"),
           hour("11:00", "door", {}, "held")),
)  # fmt: skip
ASKED = ReportFilter(at("10:00"), at("12:00"))


def counted(**more: Any) -> Counts:
    return count([SEEN], ReportFilter(**{"first": at("10:00"), "last": at("12:00"), **more}))


def test_a_day_of_many_cameras_and_labels_counts_each_of_them() -> None:
    seen = [(1439, f"camera {one}", f"thing {one}", 0.6) for one in range(50)]
    many = day(*seen)
    assert (many.when.dtype, many.where.dtype) == (np.uint32, np.uint32)
    assert (SEEN.when.dtype, SEEN.where.dtype) == (np.uint16, np.uint16)
    found = count([many], ReportFilter(at("23:00"), at("23:59"), threshold=0.5))
    assert found.objects == 0
    found = count([many], ReportFilter(at("23:00"), at("00:00", "2026-01-03"), threshold=0.5))
    assert found.labels == dict.fromkeys(sorted(f"thing {one}" for one in range(50)), 1)
    assert found.cameras == {f"camera {one}": 1 for one in range(50)}
    assert found.sectors.tolist() == [[0, 0, 0], [50, 0, 0], [0, 0, 0]]
    some = ReportFilter(at("23:00"), at("00:00", "2026-01-03"), frozenset({"camera 49"}), threshold=0.5)
    assert count([many], some).labels == {"thing 49": 1}


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
    whole = count([SEEN], ReportFilter(at("00:00"), at("00:00", "2026-01-03")))
    assert (whole.hours, whole.objects) == (SEEN.hours, 3)


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
    found = count([seen], ReportFilter(at("01:30"), at("00:00", "2026-01-03")))
    [bars, *_] = report_figures.coverage(found, RATE, "Asia/Kolkata")["data"]
    assert bars["x"] == ["2026-01-03T04:30", "2026-01-02T06:30"]


def test_the_text_says_how_fresh_the_numbers_are() -> None:
    said = report_words.freshness(History((SEEN,), 2, 0, at("12:00")), counted(), RATE_ZONE)
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
        asked = ReportFilter(first, first + timedelta(hours=hours))
        local = local_minutes(asked, "Europe/Berlin")
        assert len(set(place_of(local, "day").tolist())) == 1
        assert len(edges(asked, local, 60)) == hours


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
    local = local_minutes(ReportFilter(at("23:59", "2026-01-04"), at("00:01", "2026-01-05")), "UTC")
    assert [names_of(int(place), 1, "week") for place in place_of(local, "week")] == [
        ["2026-W01"],
        ["2026-W02"],
    ]
    turn = local_minutes(ReportFilter(at("00:00", "2026-12-27"), at("00:00", "2027-01-05")), "UTC")
    assert names_of(*range_of(place_of(turn, "week"), "week"), "week") == ["2026-W52", "2026-W53", "2027-W01"]
