"""What the first tasks decide, with a lake that says what the test wants."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dags.scheduling import hour_plan
from dags.scheduling.hour_plan import audit_plan, plan
from dags.scheduling.outcomes import NothingToDoError, RefusedError
from lake.contracts.hours import Candidate, Scope
from lake.kafka.client import BrokerAwayError
from tests.conftest import at

TEN_O_CLOCK, ELEVEN = at("10:00"), at("11:00")


@dataclass
class Run:
    run_type: str = "scheduled"
    data_interval_start: datetime | None = TEN_O_CLOCK
    data_interval_end: datetime | None = ELEVEN
    run_after: datetime = ELEVEN
    start_date: datetime = ELEVEN


BY_HAND = Run("manual", None, None, at("11:20"), at("11:20"))


@dataclass
class FakeLake:
    """Answers of `lake.accounting.pending_work` and the broker, and the moment."""

    now: datetime = ELEVEN + timedelta(minutes=6)
    due: tuple[datetime, ...] = ()
    rows: bool = True
    open_frames: int = 3
    lacking: str | None = None
    broker: bool = True

    def record(self, *_: object) -> int:
        if not self.broker:
            raise BrokerAwayError("no Kafka answers")
        return 0


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeLake:
    said = FakeLake()
    monkeypatch.setenv("PYCTURESTREAM_DATA", str(tmp_path))
    monkeypatch.delenv("PYCTURESTREAM_DETECT_SKIPPED", raising=False)
    answers: dict[str, Any] = {
        "utc_now": lambda: said.now,
        "hours_due": lambda *_: said.due,
        "has_rows": lambda *_: said.rows,
        "frames_to_detect": lambda *_: said.open_frames,
        "archives_lacking": lambda *_: said.lacking,
        "record_broker_hours": said.record,
    }
    for name, answer in answers.items():
        monkeypatch.setattr(hour_plan, name, answer)
    return said


TEN = {
    "arguments": ["--hours", "2026-01-02T10:00:00Z"],
    "scope": {"hours": ["2026-01-02T10:00:00Z"], "cameras": None},
    "publish": True,
    "detect_skipped": "",
}


def test_a_scheduled_hour_is_detected_counted_and_published(lake: FakeLake) -> None:
    assert plan(Run(), {}) == TEN


def test_late_hours_are_done_with_a_scheduled_one_and_only_then(lake: FakeLake) -> None:
    lake.due = (at("07:00"), at("10:00"))
    assert [plan(run, {})["scope"]["hours"] for run in (Run(), Run("backfill"), BY_HAND)] == [  # type: ignore[index]
        ["2026-01-02T07:00:00Z", "2026-01-02T10:00:00Z"],
        ["2026-01-02T10:00:00Z"],
        ["2026-01-02T10:00:00Z"],
    ]


def test_records_may_come_until_five_minutes_after_the_hour(lake: FakeLake) -> None:
    lake.now = at("11:04:59")
    assert plan(Run(), {}) is None
    lake.now = at("11:05")
    assert plan(Run(), {}) == TEN


def test_the_archives_are_waited_for_and_not_for_ever(lake: FakeLake) -> None:
    lake.lacking = "archive_frames has not stored 12 records"
    lake.now = at("11:19:59")
    assert plan(Run(), {}) is None
    lake.now = at("11:20")
    assert plan(Run(), {}) == TEN


def test_an_hour_without_data_is_nothing_to_do(lake: FakeLake) -> None:
    lake.rows = False
    with pytest.raises(
        NothingToDoError, match="nothing came in 2026-01-02T10:00:00Z; there is nothing to count"
    ):
        plan(Run(), {})


@pytest.mark.parametrize(
    ("setting", "open_frames", "why_not"),
    [
        ("on", 0, "the speed layer skipped nothing"),
        ("off", 3, "PYCTURESTREAM_DETECT_SKIPPED is off"),
        ("on", 3, ""),
    ],
)
def test_detection_is_left_out_with_a_sentence(
    lake: FakeLake, monkeypatch: pytest.MonkeyPatch, setting: str, open_frames: int, why_not: str
) -> None:
    monkeypatch.setenv("PYCTURESTREAM_DETECT_SKIPPED", setting)
    lake.open_frames = open_frames
    assert plan(Run(), {}) == {**TEN, "detect_skipped": why_not}


def test_this_hour_so_far_waits_for_nothing_and_is_only_counted(lake: FakeLake) -> None:
    lake.lacking, lake.now = "much", at("11:21")
    decided = plan(BY_HAND, {"so_far": True, "cameras": ["door"]})
    assert decided == {
        "arguments": ["--hours", "2026-01-02T11:00:00Z", "--cameras", "door"],
        "scope": {"hours": ["2026-01-02T11:00:00Z"], "cameras": ["door"]},
        "publish": False,
        "detect_skipped": "the hour still runs, and the speed layer may yet analyse its frames",
    }


def test_a_dry_run_is_not_published(lake: FakeLake) -> None:
    decided = plan(Run(), {"dry_run": True})
    assert decided == {**TEN, "arguments": [*TEN["arguments"], "--dry-run"], "publish": False}


def test_a_broker_that_is_away_holds_nothing_up(lake: FakeLake) -> None:
    lake.broker = False
    assert plan(Run(), {}) == TEN


@pytest.mark.parametrize("form", [{"from": "2026-01-02T10:30:00Z"}, {"cameras": ["a b"]}])
def test_a_form_that_cannot_be_meant_is_refused_at_once(lake: FakeLake, form: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match=r"is not the start of an hour|camera id 'a b'"):
        plan(Run(), form)


def test_an_audit_is_told_its_candidates_or_its_hours() -> None:
    event = Candidate(Scope((at("08:00"),)), 5, 6).to_extra()
    by_event, by_hand = audit_plan(BY_HAND, {}, [event]), audit_plan(BY_HAND, {}, [])
    assert (by_event["arguments"][0], json.loads(by_event["arguments"][1])) == ("--candidates", [event])
    assert by_hand == {"arguments": ["--hours", "2026-01-02T10:00:00Z"]}


def test_an_event_without_a_candidate_is_refused() -> None:
    with pytest.raises(RefusedError, match="names no candidate"):
        audit_plan(BY_HAND, {}, [{"something": "else"}])
