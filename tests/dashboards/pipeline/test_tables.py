"""Tables of the pipeline page, from rows typed by hand."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dashboards.data.dag_states import DagRun, DagState
from dashboards.data.hour_accounts import HourAccount
from dashboards.data.table_sizes import TableSize
from dashboards.pipeline import tables
from lake.accounting.ledger import Account, Ledger, Span
from tests.conftest import at
from tests.dashboards.drawn_text import found, rows
from tests.dashboards.explore_lake import HOSTILE

BERLIN = ZoneInfo("Europe/Berlin")


def test_the_ledger_counts_records_and_not_ranges() -> None:
    counts = {
        "detected": 1000, "skipped_stale": 2, "skipped_superseded": 3,
        "corrupt": 1, "too_large": 1, "malformed": 1, "failed": 1,
    }  # fmt: skip
    seen = Account("detections", 1020, counts, 5, (Span(0, 2, 5), Span(1, 9, 10)), (Span(0, 0, 2),))
    kept = Account("frames", 1020, {"archived": 1020}, 0, (), ())
    assert rows(tables.ledger(Ledger(seen, kept))) == [
        list(tables.ACCOUNTS),
        ["detections", "1,020", "1,000", "5", "4", "-", "5", "4: wrong", "2: wrong"],
        ["frames", "1,020", "-", "-", "-", "1,020", "0", "0", "0"],
    ]


def test_hours_stand_newest_first_and_what_nothing_explains_is_marked_in_words() -> None:
    hours = [
        HourAccount(at("10:00"), 10, 4, 3, 2, 1, 0, 0, 10, 0),
        HourAccount(at("11:00"), 10, 4, 0, 2, 1, 2, 1, 8, 2),
        HourAccount(at("12:00"), 10, 12, 0, 0, 0, 0, -2, 10, 0),
    ]
    assert rows(tables.hours(hours, BERLIN)) == [
        list(tables.HOURS),
        ["2026-01-02 13:00", "10", "12", "0", "0", "0", "0", "-2: wrong", "10", "0"],
        ["2026-01-02 12:00", "10", "4", "0", "2", "1", "2", "1: wrong", "8", "2"],
        ["2026-01-02 11:00", "10", "4", "3", "2", "1", "0", "0", "10", "0"],
    ]


def test_tables_are_there_missing_or_cannot_be_read() -> None:
    found_tables = [
        TableSize(HOSTILE, "pictures", 3, 12, 2_500_000, None, at("11:00"), "OPTIMIZE"),
        TableSize("gone", "nothing"),
        TableSize("odd", "unknown", trouble="no log"),
    ]
    assert rows(tables.sizes(found_tables, BERLIN)) == [
        list(tables.SIZES),
        [HOSTILE, "-", "12", "2.5 MB", "3", "2026-01-02 12:00", "OPTIMIZE", "pictures"],
        ["gone", "missing", "-", "-", "-", "-", "-", "nothing"],
        ["odd", "cannot be read: no log", "-", "-", "-", "-", "-", "unknown"],
    ]


def test_dags_are_told_with_their_last_runs_and_lead_to_airflow() -> None:
    done = DagRun("by hand/1", "success", "manual", at("10:00"), at("10:00"), at("10:01:05"))
    runs = DagRun("r2", "running", "asset_triggered", at("10:00"), at("09:58:30"), None)
    dags = [
        DagState("counts", False, False, "hourly", at("11:00"), done),
        DagState("quality", True, False, "", None, runs),
        DagState(HOSTILE, False, True, "", None, None),
    ]
    drawn = tables.dags(dags, 8080, at("10:00"), BERLIN)
    assert rows(drawn) == [
        list(tables.DAGS),
        [
            "counts", "✓ success", "manual", "2026-01-02 11:00", "1 min 5 s", "2026-01-02 12:00", "hourly",
        ],
        ["quality", "▶ running", "asset triggered", "2026-01-02 10:58", "1 min 30 s so far", "paused", "-"],
        [f"{HOSTILE} (cannot be imported)", "never ran", "-", "-", "-", "on an event, or by hand", "-"],
    ]  # fmt: skip
    assert [one.href for one in found(drawn, "A")] == [
        "http://127.0.0.1:8080/dags/counts",
        "http://127.0.0.1:8080/dags/counts/runs/by%20hand%2F1",
        "http://127.0.0.1:8080/dags/quality",
        "http://127.0.0.1:8080/dags/quality/runs/r2",
        "http://127.0.0.1:8080/dags/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E",
    ]


def test_a_table_that_scrolls_is_reached_by_the_keyboard_and_has_a_name() -> None:
    drawn = tables.hours([], BERLIN).to_plotly_json()["props"]
    assert (drawn["role"], drawn["tabIndex"], drawn["aria-label"]) == (
        "region",
        "0",
        "Reconciliation by hour",
    )
