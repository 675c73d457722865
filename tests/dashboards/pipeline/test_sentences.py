"""Sentences of the pipeline page, and the words of its address."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboards.data.background_reader import Reading
from dashboards.data.hour_accounts import HourAccount
from dashboards.data.ledger_now import RecentLedger
from dashboards.data.stream_now import QueryState, StreamState
from dashboards.data.table_sizes import TableSize
from dashboards.pipeline import sentences as words
from dashboards.pipeline.query import PipelineQuery
from dashboards.ui.filters import FilterError
from lake.accounting.ledger import Account, Ledger, Span
from tests.conftest import at
from tests.dashboards.drawn_text import found, text
from tests.dashboards.explore_lake import HOSTILE

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("said", ["", "period=6h", "zone=utc", "period=7d&zone=utc"])
def test_an_address_is_read_and_written_alike(said: str) -> None:
    query = dict(part.split("=") for part in said.split("&") if part)
    assert PipelineQuery.read(query).to_query() == said


@pytest.mark.parametrize("said", ["2h", "1h'", "<script>", ["1h", "6h"], "1" * 1000])
def test_a_period_that_nobody_knows_is_refused_with_those_that_are(said: Any) -> None:
    with pytest.raises(FilterError, match="is none of: 1h, 6h, 24h, 7d"):
        PipelineQuery.read({"period": said})


@pytest.mark.parametrize(
    ("address", "linked"),
    [
        ("http://127.0.0.1:4040", True),
        ("http://localhost:4040/jobs", True),
        ("http://[::1]:4040", True),
        ("https://127.0.0.1:4040", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://evil.example/?127.0.0.1", False),
        ("http://evil.example@127.0.0.1", False),
        ("http://127.0.0.1@evil.example", False),
        ("javascript:alert(1)//127.0.0.1", False),
        ("//127.0.0.1", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_only_an_address_on_this_machine_is_a_link(address: str, linked: bool) -> None:
    drawn = words.link(address, "Spark UI")
    assert [one.href for one in found(drawn, "A")] == ([address] if linked else [])
    assert text(drawn) == "Spark UI"


def test_the_stream_is_told_query_by_query() -> None:
    queries = (
        QueryState("archive_frames", 3, 1, 1250, 1),
        QueryState("detect_objects", 7, 1234, None, 0),
        QueryState(HOSTILE, None, 0, None, None),
        QueryState("quiet", 1, 0, 10, None),
    )
    drawn = words.stream(StreamState(True, "http://127.0.0.1:4040", queries, ()))
    assert text(drawn) == (
        "The stream runs. archive_frames: 1 record behind; last batch 1 record, in 1.25 s. "
        "detect_objects: nothing waits for it; last batch 1,234 records. "
        f"{HOSTILE} has not ended its first batch yet. "
        "quiet: nobody knows what waits for it; last batch 0 records, in 0.01 s. Spark UI."
    )
    assert [one.href for one in found(drawn, "A")] == ["http://127.0.0.1:4040"]
    assert text(words.stream(StreamState(False, "http://127.0.0.1:4040", queries, ()))) == (
        "The stream does not run."
    )


def test_each_complaint_is_an_item_of_an_alert_and_none_is_said_too() -> None:
    drawn = words.problem_list([f"camera {HOSTILE} never gave a picture", "line\nbreak"])
    assert drawn.role == "alert"
    assert [text(one) for one in found(drawn, "Li")] == [
        f"camera {HOSTILE} never gave a picture",
        "line?break",
    ]
    assert text(words.problem_list([])) == "Nothing to complain about."


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (Reading(), "Reading …"),
        (Reading(1, at("11:00")), "Read at 2026-01-02 12:00 CET."),
        (
            Reading(1, at("11:00"), old=True),
            "These numbers may be old, read at 2026-01-02 12:00 CET. Reading anew …",
        ),
        (Reading(error="no disk."), f"This cannot be read: no disk. {words.DOCTOR}"),
        (
            Reading(1, at("11:00"), error="no disk"),
            f"These numbers are old, read at 2026-01-02 12:00 CET: no disk. {words.DOCTOR}",
        ),
    ],
)
def test_how_fresh_a_part_is_comes_with_a_cure(kept: Reading[int], said: str) -> None:
    assert text(words.freshness(kept, BERLIN)) == said


def ledger(*missing: Span) -> RecentLedger:
    counts = {"detected": 2, "skipped_stale": 1}
    seen = Account("detections", 4, counts, 1, missing, ())
    return RecentLedger(Ledger(seen, Account("frames", 4, {"archived": 4}, 0, (), ())), at("11:00:05"))


def test_a_ledger_that_balances_says_for_which_records() -> None:
    drawn = words.balance(ledger(), BERLIN)
    assert text(drawn) == (
        "Of the records that the broker had at 12:00:05 CET, every one is accounted for exactly once."
    )
    assert "alert" not in str(drawn)


def test_a_ledger_that_does_not_balance_names_the_records() -> None:
    [drawn] = words.balance(ledger(Span(1, 2, 4)), BERLIN)
    assert drawn.role == "alert"
    assert [text(one) for one in found(drawn, "Li")] == [
        "detections: of 4 records 2 detected, 1 skipped_stale, 1 expired. "
        "Nothing accounts for 2 to 3 of partition 1."
    ]


def account(unexplained: int) -> HourAccount:
    return HourAccount(at("10:00"), 4, 2, 0, 1, 1 - unexplained, 0, unexplained, 4, 0)


def test_hours_that_do_not_add_up_are_counted() -> None:
    assert words.reconciled([account(0)]) == "1 closed hour: every record received is explained."
    assert words.reconciled([account(0), account(1)]) == (
        "1 of 2 closed hours hold records that nothing explains: marked below."
    )
    assert words.reconciled([]).startswith("No closed hour is recorded in this period: the DAG hourly_counts")


def test_tables_are_summed_up_and_the_missing_ones_named() -> None:
    there = TableSize("frames", "pictures", 3, 12, 2_500_000, 7, at("11:00"), "WRITE")
    broken = TableSize("odd", "", trouble="no log")
    assert words.tables([there]) == "1 table, 12 files, 2.5 MB."
    assert words.tables([there, broken, TableSize("gone", "")]) == (
        "1 table, 12 files, 2.5 MB. Missing: gone. The stream makes them when it starts: ./pycturestream up."
    )
    assert words.tables([TableSize("gone", "")]).startswith("The lake has no tables yet")
