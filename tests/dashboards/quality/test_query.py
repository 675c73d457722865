"""The words of the quality page's address, its columns, and what it says; without a lake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from dash import html

from dashboards.data.quality_history import Checks, Expected, HeldHour, Quality
from dashboards.data.quality_questions import QualityFilter
from dashboards.quality import days as quality_days
from dashboards.quality import sentences as quality_words
from dashboards.quality.heat_map import MEANING, STATES, heat_map, rows_of
from dashboards.quality.query import QualityQuery
from dashboards.quality.sentences import NO_AUDIT, ZoneInfo
from dashboards.quality.tables import MAX_REASONS, details_table, held_table
from dashboards.ui.filters import FilterError
from lake.contracts.data_docs import DocumentedRun
from tests.conftest import at
from tests.dashboards.explore_lake import HOSTILE

NOW = at("11:30")
UTC = ZoneInfo("UTC")


def read(**words: str) -> QualityQuery:
    return QualityQuery.read(words)


def test_an_address_is_read_and_said_again() -> None:
    words = {"camera": r"a\,b,<i>", "period": "7d", "zone": "utc", "severity": "warning", "show": "all"}
    query = read(**words, expectation="scores_are_in_range", at="2026-01-02T10:00:00+01:00", label="cat")
    assert query.to_query() == (
        "camera=a%5C%2Cb%2C%3Ci%3E&period=7d&zone=utc&severity=warning&show=all"
        "&expectation=scores_are_in_range&at=2026-01-02T09%3A00%3A00.000000Z"
    )
    assert (read().to_query(), read(at="2026-01-02T10:00:00Z").at) == ("", None)


@pytest.mark.parametrize(
    "words",
    [
        {"period": "90d"}, {"severity": "grave"}, {"show": "none"}, {"camera": "a\x00"},
        {"expectation": "x' OR 1=1"}, {"expectation": "a" * 101},
        {"expectation": "a", "at": "now"}, {"expectation": "a", "at": "0001-01-01T00:00:00+14:00"},
        {"expectation": "a", "at": "9999-12-31T23:00:00Z"},
    ],
)  # fmt: skip
def test_a_word_that_nobody_knows_is_refused_by_its_name(words: dict[str, str]) -> None:
    with pytest.raises(FilterError, match=r"name|none of|no expectation|must be an hour"):
        QualityQuery.read(words)


def test_columns_are_hours_quarter_days_or_days_of_the_zone_that_is_shown() -> None:
    assert read().edges(NOW, "UTC") == [at("12:00") - timedelta(hours=24 - number) for number in range(25)]
    week = read(period="7d").edges(NOW, "Asia/Kolkata")
    assert (len(week), week[-5:-3], week[-1]) == (
        29, [at("18:30", "2026-01-01"), at("00:30")], at("18:30"),
    )  # fmt: skip
    month = read(period="30d", zone="utc").edges(NOW, "Asia/Kolkata")
    assert (len(month), month[0], month[-1]) == (31, at("00:00", "2025-12-04"), at("00:00", "2026-01-03"))


def test_a_day_on_which_the_clock_is_put_back_is_one_column_of_25_hours() -> None:
    edges = read(period="30d").edges(at("12:00", "2026-11-01"), "Europe/Berlin")
    assert {later - first for first, later in pairwise(edges)} == {
        timedelta(hours=24),
        timedelta(hours=25),
    }


def test_a_chosen_column_is_asked_for_also_when_it_has_left_the_period() -> None:
    query = read(expectation="a", at="2026-01-01T03:20:00Z", camera="door", severity="critical")
    hour = QualityFilter(
        at("03:00", "2026-01-01"), at("04:00", "2026-01-01"), frozenset({"door"}), "critical"
    )
    assert query.asked_in_detail(NOW, "UTC") == hour
    day = read(expectation="a", at="2026-01-01T03:20:00Z", period="30d").asked_in_detail(NOW, "UTC")
    assert (day.first, day.last) == (at("00:00", "2026-01-01"), at("00:00"))
    assert read(expectation="a").asked_in_detail(NOW, "UTC") == read().asked(NOW, "UTC")


NINE, TEN = 21, 22
"""Columns of the last 24 hours, which begin at noon the day before."""
FOUND = Quality(
    (
        Checks("good", TEN, 0, 0, 2, 9, 0), Checks("poor", TEN, 0, 1, 1, 9, 4),
        Checks("bad", NINE, 1, 0, 0, 8, 3), Checks("bad", TEN, 0, 0, 1, 8, 0),
        Checks("unseen", TEN, 0, 0, 0, 0, 0),
    ),
    (("bad", Expected("frames", "critical", f"no {HOSTILE}")),),
    ((TEN, "published", 1500), (NINE, "held", 2)),
)  # fmt: skip


def letters(parts: Sequence[Any]) -> dict[str, str]:
    """Each row's letters of the columns from eight o'clock on, from what the browser is told."""
    body = parts[1].children.children[-1].children
    inside = [[getattr(cell.children, "children", cell.children) for cell in row.children] for row in body]
    return {row[0]: "".join(row[21:]) for row in inside}


def test_what_fell_short_comes_first_and_alone_unless_all_is_chosen() -> None:
    edges = read().edges(NOW, "UTC")
    assert list(rows_of(FOUND, edges)) == ["bad", "poor", "good", "unseen"]
    assert letters(heat_map(FOUND, read(), edges, "UTC")) == {"bad": "·FP·", "poor": "··W·"}
    every = letters(heat_map(FOUND, read(show="all"), edges, "UTC"))
    assert every == {"bad": "·FP·", "poor": "··W·", "good": "··P·", "unseen": "····"}
    assert set(STATES) == set(MEANING)


def test_an_expectations_sentence_is_told_on_its_name() -> None:
    row = heat_map(FOUND, read(), read().edges(NOW, "UTC"), "UTC")[1].children.children[-1].children[0]
    assert row.children[0].title == f"no {HOSTILE}"
    assert row.children[22].title == "2026-01-02 09:00: failed; 3 of 8 rows fell short"


def test_nothing_to_show_is_said() -> None:
    edges, none = read().edges(NOW, "UTC"), Quality()
    assert [one.children for one in heat_map(none, read(), edges, "UTC")] == [
        "No check was run in this period."
    ]
    good = Quality((FOUND.checks[0],))
    assert "All 1 expectations were met" in heat_map(good, read(), edges, "UTC")[0].children
    assert held_table(none, read(), [], UTC).children == "No hour of this period is held."
    assert details_table([], UTC).children.startswith("Not run in these hours")
    assert quality_words.summary(none).startswith("No hour of this period")
    assert quality_words.freshness(None, NOW, UTC) == NO_AUDIT
    figure = quality_days.hours_by_day(quality_days.by_day(none, edges, "UTC"))
    assert figure["layout"]["annotations"][0]["text"] == "Nothing in this period"


def test_an_audit_that_is_overdue_is_said_with_a_cure() -> None:
    at_ten = ("run", at("10:00"))
    assert quality_words.freshness(at_ten, NOW, UTC) == (
        "The newest audit was at 2026-01-02 10:00 UTC, in run run."
    )
    assert "That is 4 hours ago: see in Airflow" in quality_words.freshness(at_ten, at("14:00"), UTC)


def texts(component: Any) -> str:
    """All words of a component, and where its links lead."""
    children = getattr(component, "children", component)
    inside = children if isinstance(children, list | tuple) else [children]
    link = [component.href] if isinstance(component, html.A) else []
    parts = [one if isinstance(one, str) else texts(one) for one in inside if one is not None]
    return " | ".join([*link, *parts])


def test_a_held_hour_leads_to_its_audit_and_to_its_rows() -> None:
    reasons = (HOSTILE, "x" * 900, *(str(number) for number in range(20)))
    one = HeldHour(at("09:00"), HOSTILE, at("10:00"), at("11:00"), "r", reasons, None)
    runs = [DocumentedRun("1-r", "r", at("11:00"), ("frames",))]
    told = texts(held_table(Quality(held=(one,)), read(zone="utc"), runs, UTC))
    about = (
        "camera=%3Cimg+src%3Dx+onerror%3Dalert%281%29%3E&period=custom&from=2026-01-02T09%3A00%3A00.000000Z"
    )
    for part in (
        f"nothing of this hour | /data-docs/runs/1-r/frames.html | Data Docs | /explore?{about}",
        f"/report?{about}",
        f"{'x' * 600} …",
        f"and {len(reasons) - MAX_REASONS} more",
    ):
        assert part in told
    assert "no Data Docs" in texts(held_table(Quality(held=(one,)), read(), [], UTC))


def test_days_are_those_of_the_zone_and_add_up() -> None:
    """Ten o'clock UTC is midnight in Kiritimati."""
    edges = read().edges(NOW, "Pacific/Kiritimati")
    days = quality_days.by_day(FOUND, edges, "Pacific/Kiritimati")
    assert [day.all for day in days] == [(0, 0, 1, 0, 2, 0), (4, 1, 0, 1500, 0, 0)]
    [failed, warned] = quality_days.checks_by_day(days)["data"]
    assert (failed["y"][-2:], warned["y"][-2:], failed["customdata"][-2:]) == ([1, 0], [0, 1], [1, 5])
