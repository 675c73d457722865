"""What the page of quality reads, on rows typed by hand and on random ones."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake

from benchmarks.support.tables.arrow_tables import write
from dashboards.data.quality_history import Checks, Expected, HeldHour, QualityHistory
from dashboards.data.quality_questions import MAX_DAYS, QualityFilter
from dashboards.quality import days as quality_days
from dashboards.quality import sentences as quality_words
from dashboards.quality.heat_map import rows_of
from dashboards.quality.query import QualityQuery
from lake.schema.batch_schemas import PUBLICATIONS, QUALITY_RESULTS
from tests.dashboards.explore_lake import HOSTILE, at
from tests.dashboards.quality_lake import (
    HOUR,
    REASON,
    SCORES,
    SECTORS,
    SEEN,
    SENTENCES,
    SUBJECTS,
    audit,
    decision,
    fell_short,
    write_quality_lake,
)

NOON = at(12)
ALL = QualityFilter(at(0), NOON, cuts=tuple(at(hour) for hour in range(1, 12)))
"""Its columns are the hours of the day."""


@pytest.fixture
def history(tmp_path: Path) -> QualityHistory:
    write_quality_lake(tmp_path, NOON)
    return QualityHistory(tmp_path, lambda: NOON)


def found(history: QualityHistory, asked: QualityFilter = ALL) -> set[Checks]:
    return set(history.ask(asked).checks)


def checks(expectation: str, hour: int, *numbers: int) -> Checks:
    return Checks(expectation, hour, *numbers)


def test_only_the_newest_audit_of_an_hour_and_camera_counts(history: QualityHistory) -> None:
    assert found(history) == {
        checks(SCORES, 7, 1, 0, 0, 120, 3), checks(SECTORS, 7, 0, 0, 1, 120, 0),
        checks(SEEN, 7, 0, 0, 1, 120, 0),
        checks(SCORES, 8, 1, 0, 1, 240, 3), checks(SECTORS, 8, 0, 0, 2, 240, 0),
        checks(SEEN, 8, 0, 1, 1, 240, 1),
        *(checks(one, 9, 0, 0, 1, 120, 0) for one in SENTENCES),
    }  # fmt: skip


def test_cameras_and_severity_choose_the_checks(history: QualityHistory) -> None:
    mine = replace(ALL, cameras=frozenset({HOSTILE}), severity="critical")
    assert found(history, mine) == {checks(SCORES, 8, 1, 0, 0, 120, 3), checks(SECTORS, 8, 0, 0, 1, 120, 0)}
    injected = replace(ALL, cameras=frozenset({"x') OR ('1'='1"}))
    assert found(history, injected) == set()


def test_a_held_hour_says_why_since_when_and_what_is_served_meanwhile(history: QualityHistory) -> None:
    early, late = at(11), at(11, 30)
    assert history.ask(ALL).held == (
        HeldHour(at(8), HOSTILE, early, late, "second", (REASON, "and another"), None),
        HeldHour(at(7), "door", late, late, "second", (REASON,), early),
    )


def test_an_hour_held_and_then_published_is_published_and_one_never_audited_is_open(
    history: QualityHistory,
) -> None:
    assert quality_words.hours(history.ask(ALL)) == {"published": 2, "held": 2, "open": 1}
    assert quality_words.summary(history.ask(ALL)) == (
        "Hours of cameras: 2 published, 2 held, 1 open. Of 12 checks, 2 failed and 1 warned."
    )


def test_hours_outside_the_question_are_not_counted(history: QualityHistory) -> None:
    eight = history.ask(QualityFilter(at(8), at(9)))
    assert {(one.column, one.checked) for one in eight.checks} == {(0, 240)}
    assert [one.camera for one in eight.held] == [HOSTILE]
    assert sum(number for _, _, number in eight.decided) == 2


def test_of_a_long_question_the_newest_days_are_answered() -> None:
    assert QualityFilter(at(0) - timedelta(days=400), NOON).first == NOON - timedelta(days=MAX_DAYS)


def test_details_name_what_fell_short_and_the_run_that_says_so(history: QualityHistory) -> None:
    rows = history.details(QualityFilter(at(8), at(9)), SCORES)
    assert [
        (row["camera_id"], row["state"], row["unexpected"], row["observed"], row["run_id"]) for row in rows
    ] == [(HOSTILE, "failed", 3, f"label {HOSTILE}", "second"), ("door", "passed", 0, None, "second")]
    assert history.details(ALL, "x' OR '1'='1") == []


def test_what_is_said_of_an_expectation_is_what_its_newest_audit_said(
    history: QualityHistory, tmp_path: Path
) -> None:
    assert dict(history.ask(ALL).expected)[SEEN] == Expected(SUBJECTS[SEEN], "warning", SENTENCES[SEEN])
    newer = [row | {"sentence": "all of it was seen"} for row in audit(at(9), "door", "third", NOON)]
    write(tmp_path, QUALITY_RESULTS, newer)
    fresh = QualityHistory(tmp_path, lambda: NOON)
    assert dict(fresh.ask(ALL).expected)[SEEN].sentence == "all of it was seen"


def test_a_check_without_a_row_to_look_at_was_not_run(tmp_path: Path) -> None:
    write(tmp_path, QUALITY_RESULTS, [row | {"checked": 0} for row in audit(at(7), "door", "a", NOON)])
    write(tmp_path, PUBLICATIONS, [])
    history = QualityHistory(tmp_path, lambda: NOON)
    assert found(history) == {checks(one, 7, 0, 0, 0, 0, 0) for one in SENTENCES}
    assert history.details(ALL, SEEN)[0]["state"] == "not run"


def test_an_answer_is_kept_until_a_table_changes(tmp_path: Path) -> None:
    write_quality_lake(tmp_path, NOON)
    now = [NOON]
    history = QualityHistory(tmp_path, lambda: now[0])
    first = history.ask(ALL)
    assert history.ask(ALL) is first
    table = DeltaTable(tmp_path / QUALITY_RESULTS.name)
    write_deltalake(table, table.to_pyarrow_table().slice(0, 0), mode="append")
    now[0] += timedelta(minutes=1)
    assert history.ask(ALL) is not first
    assert found(history) == set(first.checks)


def test_health_is_empty_then_fine_then_stale(tmp_path: Path) -> None:
    now = [NOON]
    history = QualityHistory(tmp_path, lambda: now[0])
    assert history.health() == {"state": "empty", "sentence": "no hour of the last 31 days was audited"}
    assert (history.cameras(), history.newest_audit(), found(history)) == ([], None, set())
    write_quality_lake(tmp_path, NOON)
    now[0] += timedelta(minutes=1)
    assert history.health() == {"state": "ok", "sentence": "the newest audit was at 2026-11-20 11:30 UTC"}
    assert history.cameras() == [HOSTILE, "door"]
    now[0] += 4 * HOUR
    assert history.health()["state"] == "stale"


def test_a_lake_that_cannot_be_read_is_an_error_in_health(tmp_path: Path) -> None:
    write_quality_lake(tmp_path, NOON)
    for file in (tmp_path / QUALITY_RESULTS.name).glob("day=*/*.parquet"):
        file.write_bytes(b"nonsense")
    assert QualityHistory(tmp_path, lambda: NOON).health()["state"] == "error"


def recount(rows: list[dict[str, Any]], asked: QualityFilter) -> Counter[tuple[str, datetime, str]]:
    """Checks by expectation, hour and state, the plain way."""
    newest: dict[tuple[datetime, str], tuple[datetime, str]] = {}
    for row in rows:
        key, audited = (row["hour"], row["camera_id"]), (row["checked_at"], row["run_id"])
        newest[key] = max(newest.get(key, audited), audited)
    counted: Counter[tuple[str, datetime, str]] = Counter()
    for row in rows:
        hour, camera = row["hour"], row["camera_id"]
        mine = newest[hour, camera] == (row["checked_at"], row["run_id"])
        wanted = asked.first <= hour < asked.last and (not asked.cameras or camera in asked.cameras)
        if mine and wanted and asked.severity in ("", row["severity"]):
            short = "failed" if row["severity"] == "critical" else "warned"
            state = ("passed" if row["checked"] else "not run") if row["success"] else short
            counted[row["expectation"], hour, state] += 1
    return counted


@pytest.mark.parametrize("seed", range(3))
def test_map_and_trend_equal_a_plain_recount_of_random_rows(tmp_path: Path, seed: int) -> None:
    dice, rows = random.Random(seed), []
    for hour in (NOON - number * HOUR for number in range(40)):
        for camera, run in [(camera, run) for camera in ("door", HOSTILE, "it's") for run in "abc"]:
            if dice.random() < 0.6:
                short = {one: fell_short() for one in SENTENCES if dice.random() < 0.2}
                audited = audit(hour, camera, run, NOON + dice.randrange(3) * HOUR, **short)
                rows += [row | {"checked": row["unexpected"] + dice.randrange(2)} for row in audited]
    write(tmp_path, QUALITY_RESULTS, rows)
    write(tmp_path, PUBLICATIONS, [decision(NOON, "door", "open", "c", NOON)])
    query = QualityQuery.read(
        {"period": "7d", "camera": "it's,door", "severity": dice.choice(["all", "critical"])}
    )
    asked, edges = query.asked(NOON, "Asia/Kolkata"), query.edges(NOON, "Asia/Kolkata")
    answer, right = QualityHistory(tmp_path, lambda: NOON).ask(asked), recount(rows, asked)
    drawn = {
        (name, place, state): getattr(cell, state)
        for name, row in rows_of(answer, edges).items()
        for place, cell in enumerate(row.cells)
        for state in ("failed", "warned", "passed")
        if getattr(cell, state)
    }
    wanted: Counter[tuple[str, int, str]] = Counter()
    for (name, hour, state), number in right.items():
        place = max(place for place, edge in enumerate(edges) if edge <= hour)
        wanted[name, place, state] += number if state != "not run" else 0
    assert drawn == +wanted
    days = quality_days.by_day(answer, edges, "Asia/Kolkata")
    in_all = tuple(
        sum(n for (_, _, one), n in right.items() if one == state) for state in ("passed", "warned", "failed")
    )
    assert tuple(map(sum, zip(*(day.all[:3] for day in days), strict=True))) == in_all
    assert in_all[0] > 30
