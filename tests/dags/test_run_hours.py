"""Which hours a run is about, for everything that can start one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from dags.scheduling.run_hours import Interval, RunRequest, audit_arguments, run_request
from lake.contracts.hours import Candidate, HourError, Scope
from tests.conftest import at

NOW = at("12:34")
TEN_TO_ELEVEN = Interval(at("10:00"), at("11:00"))


@dataclass
class Run:
    data_interval_start: datetime | None
    data_interval_end: datetime | None


def test_a_scheduled_run_does_its_interval_and_not_the_hour_at_its_end() -> None:
    assert run_request({}, TEN_TO_ELEVEN, NOW) == RunRequest(Scope((at("10:00"),)))


def test_a_longer_interval_is_all_of_its_hours() -> None:
    assert run_request({}, Interval(at("08:00"), at("11:00")), NOW).scope.hours == (
        at("08:00"),
        at("09:00"),
        at("10:00"),
    )


def test_a_run_by_hand_without_a_date_does_the_last_full_hour() -> None:
    assert run_request({"from": None, "to": None, "cameras": []}, None, NOW) == RunRequest(
        Scope((at("11:00"),))
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [(None, None), (at("10:00"), at("10:00")), (at("10:00"), None), (at("11:00"), at("10:00"))],
)
def test_an_empty_interval_is_none(start: datetime | None, end: datetime | None) -> None:
    assert Interval.of(Run(start, end)) is None


def test_an_interval_is_taken_from_the_run() -> None:
    assert Interval.of(Run(at("10:00"), at("11:00"))) == TEN_TO_ELEVEN


def test_the_form_comes_before_the_interval_and_both_of_its_hours_count() -> None:
    form = {
        "from": "2026-01-02T07:00:00Z",
        "to": "2026-01-02T09:00:00+01:00",
        "cameras": ["door"],
        "dry_run": True,
    }
    assert run_request(form, TEN_TO_ELEVEN, NOW) == RunRequest(
        Scope((at("07:00"), at("08:00")), ("door",)), dry_run=True
    )


@pytest.mark.parametrize("field", ["from", "to"])
def test_one_hour_alone_is_that_hour(field: str) -> None:
    assert run_request({field: "2026-01-02T07:00:00.000Z"}, None, NOW) == RunRequest(Scope((at("07:00"),)))


def test_this_hour_so_far_is_counted_and_not_published() -> None:
    assert run_request({"so_far": True}, TEN_TO_ELEVEN, NOW) == RunRequest(
        Scope((at("12:00"),)), publish=False
    )


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"from": "2026-01-02T07:30:00Z"}, "is not the start of an hour; write 2026-01-02T07:00:00Z"),
        ({"from": "2026-01-02T09:00:00Z", "to": "2026-01-02T08:00:00Z"}, "swap them"),
        ({"to": "2026-01-02T12:00:00Z"}, "is not over: take 2026-01-02T11:00:00Z or an earlier one"),
        ({"from": "yesterday"}, "is no date and time"),
        ({"from": "2026-01-02T07:00:00"}, "has no time zone"),
        ({"so_far": True, "from": "2026-01-02T07:00:00Z"}, "leave the first and last hour empty"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_cure(form: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HourError, match=sentence):
        run_request(form, None, NOW)


def test_a_camera_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(ValueError, match="camera id 'a b'"):
        run_request({"cameras": ["a b"]}, None, NOW)


def test_what_is_asked_becomes_arguments_of_a_job() -> None:
    asking = RunRequest(Scope((at("07:00"), at("08:00")), ("door", "desk")), dry_run=True)
    assert asking.arguments() == [
        "--hours", "2026-01-02T07:00:00Z,2026-01-02T08:00:00Z", "--cameras", "desk,door", "--dry-run",
    ]  # fmt: skip
    assert RunRequest(Scope((at("07:00"),))).arguments() == ["--hours", "2026-01-02T07:00:00Z"]


def test_all_events_that_one_audit_stands_for_are_audited() -> None:
    first = Candidate(Scope((at("07:00"),), ("door",)), 3, 4).to_extra()
    second = Candidate(Scope((at("08:00"), at("09:00")), ("desk",)), 5, 6).to_extra()
    assert audit_arguments({}, [first, second], NOW) == (
        [Candidate(Scope((at("07:00"), at("08:00"), at("09:00")), ("desk", "door")), 5, 6).to_extra()],
        None,
    )


def test_an_audit_by_hand_takes_the_form_or_the_last_full_hour() -> None:
    form = {"from": "2026-01-02T07:00:00Z"}
    event = Candidate(Scope((at("08:00"),)), 5, 6).to_extra()
    assert audit_arguments(form, [event], NOW) == ([], RunRequest(Scope((at("07:00"),))))
    assert audit_arguments({}, [], NOW) == ([], RunRequest(Scope((at("11:00"),))))


def test_an_event_that_names_no_candidate_is_refused() -> None:
    with pytest.raises(HourError, match="names no candidate"):
        audit_arguments({}, [{}], NOW)
