"""Charts of the pipeline page, from minutes typed by hand."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from dashboards.data.pipeline_facts import Minutes
from dashboards.data.stream_rates import QueryMinute
from dashboards.pipeline.figures import NOTHING, behind, durations, rates, step_of
from tests.conftest import at
from tests.dashboards.explore_lake import HOSTILE

BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;"


def minute(
    clock: str, query: str, rows: int, p50: float = 100, p95: float = 200, left: int = 0
) -> QueryMinute:
    return QueryMinute(at(clock), query, 1, rows, p50, p95, left)


def lasting(hours: int, *ran: QueryMinute) -> Minutes:
    return Minutes(at("11:00"), at("11:00") + timedelta(hours=hours), ran)


def lines(figure: dict) -> dict[str, dict[str, float]]:
    """Name of each line → time → value, where there is one."""
    return {
        one["name"]: {
            moment: value for moment, value in zip(one["x"], one["y"], strict=True) if value is not None
        }
        for one in figure["data"]
    }


def test_a_minute_in_which_nothing_ran_is_a_gap_and_not_zero() -> None:
    figure = rates(
        lasting(1, minute("11:00", "a", 60), minute("11:02", "a", 0), minute("11:59", "b", 5)), UTC
    )
    assert figure["data"][0]["y"][:4] == [60, None, 0, None]
    assert len(figure["data"][0]["x"]) == 60
    assert not figure["data"][0]["connectgaps"]
    assert lines(figure) == {
        "a": {"2026-01-02T11:00": 60, "2026-01-02T11:02": 0},
        "b": {"2026-01-02T11:59": 5},
    }


def test_times_are_those_of_the_zone_shown() -> None:
    figure = behind(lasting(1, minute("11:30", "a", 1, left=7)), BERLIN)
    assert lines(figure) == {"a": {"2026-01-02T12:30": 7}}
    assert figure["layout"]["xaxis"]["range"] == ["2026-01-02T12:00", "2026-01-02T13:00"]


def test_a_point_of_a_long_period_is_the_mean_the_median_and_the_worst_of_its_minutes() -> None:
    day = lasting(
        24,
        minute("11:00", "a", 10, 100, 900, 5),
        minute("11:01", "a", 20, 300, 400, 90),
        minute("11:04", "a", 60, 500, 600, 7),
        minute("11:05", "a", 1, 1, 2, 3),
    )
    five, ten_past = "2026-01-02T11:00", "2026-01-02T11:05"
    assert step_of(day) == 5
    assert lines(rates(day, UTC)) == {"a": {five: 30, ten_past: 1}}
    assert lines(behind(day, UTC)) == {"a": {five: 90, ten_past: 3}}
    assert lines(durations(day, UTC)) == {
        "a p50": {five: 0.3, ten_past: 0.001},
        "a p95": {five: 0.9, ten_past: 0.002},
    }


def test_no_period_is_drawn_with_more_points_than_can_be_seen() -> None:
    assert [step_of(lasting(hours)) for hours in (1, 6, 24, 24 * 7)] == [1, 1, 5, 30]
    assert len(rates(lasting(24 * 7, minute("11:00", "a", 1)), UTC)["data"][0]["x"]) == 336


def test_a_hostile_name_is_escaped_wherever_plotly_reads_it() -> None:
    for draw in (rates, durations, behind):
        figure = draw(lasting(1, minute("11:00", HOSTILE, 1)), UTC)
        assert figure["data"][0]["name"].startswith(ESCAPED)
        assert HOSTILE not in str(figure)


def test_nothing_is_said_where_nothing_ran() -> None:
    figure = durations(lasting(1), UTC)
    assert figure["data"] == []
    assert [one["text"] for one in figure["layout"]["annotations"]] == [NOTHING]


def test_lines_of_the_same_query_are_told_apart_without_colour() -> None:
    figure = durations(lasting(1, minute("11:00", "a", 1), minute("11:00", "b", 1)), UTC)
    looks = {(one["line"].get("dash"), one["marker"]["symbol"]) for one in figure["data"]}
    assert len(looks) == len(figure["data"]) == 4
