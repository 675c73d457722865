from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.support.tables.arrow_tables import write
from dashboards.data.stream_rates import QueryMinute, query_minutes
from lake.contracts.hours import HourError
from lake.schema.schemas import STREAM_PROGRESS
from tests.conftest import at


def batch(clock: str, query: str, number: int, rows: int, took_ms: int, behind: int) -> dict[str, Any]:
    started_at = at(clock)
    return {
        "query": query, "batch_id": number, "run_id": "run", "started_at": started_at, "rows": rows,
        "trigger_ms": took_ms, "behind": behind, "day": started_at.date(),
    }  # fmt: skip


def test_micro_batches_are_counted_by_the_minute_of_their_trigger_and_query(tmp_path: Path) -> None:
    rows = [
        batch("10:00:59.999", "detect_objects", 8, 1, 300, 4),
        batch("10:00:01", "detect_objects", 7, 2, 100, 9),
        batch("10:00:00", "archive_frames", 3, 5, 250, 1),
        batch("10:01:00", "detect_objects", 9, 7, 80, 0),
        batch("09:59:59", "detect_objects", 6, 50, 50, 50),
        batch("10:02:00", "detect_objects", 10, 60, 60, 60),
    ]
    write(tmp_path, STREAM_PROGRESS, rows)
    assert query_minutes(tmp_path, at("10:00"), at("10:02")) == (
        QueryMinute(at("10:00"), "archive_frames", 1, 5, 250.0, 250.0, 1),
        QueryMinute(at("10:00"), "detect_objects", 2, 3, 200.0, 290.0, 4),
        QueryMinute(at("10:01"), "detect_objects", 1, 7, 80.0, 80.0, 0),
    )


def test_a_span_over_midnight_reads_both_days(tmp_path: Path) -> None:
    rows = [batch(clock, "q", number, 1, 10, 0) for number, clock in enumerate(("00:00", "23:59"))]
    rows[0] |= {"started_at": at("00:00", "2026-01-03"), "day": at("00:00", "2026-01-03").date()}
    write(tmp_path, STREAM_PROGRESS, rows)
    found = query_minutes(tmp_path, at("23:00"), at("01:00", "2026-01-03"))
    assert [one.minute for one in found] == [at("23:59"), at("00:00", "2026-01-03")]


def test_a_lake_without_the_table_has_no_minutes(tmp_path: Path) -> None:
    assert query_minutes(tmp_path, at("10:00"), at("11:00")) == ()


@pytest.mark.parametrize("length", [timedelta(days=7, seconds=1), timedelta(seconds=-1)])
def test_a_span_that_cannot_be_meant_is_refused(tmp_path: Path, length: timedelta) -> None:
    with pytest.raises(HourError, match="at most 7 days"):
        query_minutes(tmp_path, at("10:00"), at("10:00") + length)
