from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from dashboards.ui.filters import FilterError, Filters
from tests.conftest import at

HOSTILE = "<img src=x onerror=alert(1)>'; DROP"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"camera": "door,yard", "label": r"salt\, pepper,back\\slash," + HOSTILE, "threshold": "0.65"},
        {
            "period": "custom",
            "from": "2026-01-02T11:00:00Z",
            "to": "2026-01-02T12:00:00Z",
            "zone": "utc",
            "part": "weekday:6",
        },
        {"zone": "Asia/Tokyo"},
    ],
)
def test_what_an_address_says_is_said_again(query: dict[str, str]) -> None:
    asked = Filters.from_query(query)
    assert Filters.from_query(dict(parse_qsl(asked.to_query()))) == asked


def test_a_comma_in_a_name_parts_nothing() -> None:
    assert Filters.from_query({"label": r"salt\, pepper,cat,,\\"}).labels == ("salt, pepper", "cat", "\\")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"period": "ever"}, "is none of"),
        ({"period": "custom", "from": "2026-01-02T11:00:00Z"}, "needs `from` before `to`"),
        ({"from": "soon"}, "must be like 2026-01-02T03:04:05Z"),
        ({"from": "0001-01-01T00:00:00+23:59"}, "must be like 2026-01-02T03:04:05Z"),
        ({"threshold": "nan"}, "must be a number"),
        ({"threshold": "0.1"}, "must be a number"),
        ({"part": "hour:24"}, "like hour:13"),
        ({"part": "hour:-1"}, "like hour:13"),
        ({"part": "year:1"}, "like hour:13"),
        ({"zone": "Mars/Olympus"}, "zone 'Mars/Olympus' is none of: site, utc, a name such as Europe/Berlin"),
        ({"zone": "../../etc/passwd"}, "is none of: site"),
        ({"label": "x" * 201}, "200 characters"),
        ({"label": "a\x00b"}, "200 characters"),
        ({"label": "a\ud800"}, "half a character"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(query: dict[str, str], said: str) -> None:
    with pytest.raises(FilterError, match=said):
        Filters.from_query(query)


def test_names_are_quoted_and_times_half_open() -> None:
    asked = Filters.from_query({"label": "o'clock", "period": "1h"})
    assert asked.where(at("12:00"), "UTC") == (
        "observed_at >= TIMESTAMP '2026-01-02T11:00:00.000000Z' "
        "AND observed_at < TIMESTAMP '2026-01-02T12:00:00.000000Z' AND label IN ('o''clock')"
    )


@pytest.mark.parametrize(
    ("zone", "name"), [("site", "Europe/Berlin"), ("utc", "UTC"), ("Asia/Tokyo", "Asia/Tokyo")]
)
def test_parts_of_the_clock_are_meant_in_the_zone_that_is_shown(zone: str, name: str) -> None:
    asked = Filters.from_query({"zone": zone, "part": "hour:13", "period": "1h"})
    clock = f"date_part('hour', observed_at AT TIME ZONE '{name}') = 13"
    assert asked.where(at("12:00"), "Europe/Berlin").endswith(f" AND {clock}")
