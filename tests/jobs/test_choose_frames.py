from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.choose_frames import ALL, Arrival, Policy, Verdict, choose_frames
from lake.contracts import Status
from lake.settings import SettingError, Settings
from tests.conftest import at

NOW = at("11:00:10")
SUPERSEDED = Verdict(Status.SKIPPED_SUPERSEDED, "a newer frame of the camera came in the same batch")


def arrival(offset: int, camera: str | None = "door", seen: str = "11:00:09", **other: object) -> Arrival:
    said = {"problem": None, "bytes": 1000, **other}
    return Arrival(0, offset, camera, at(seen), **said)  # type: ignore[arg-type]


def test_only_the_newest_frame_of_each_camera_is_analysed() -> None:
    arrivals = [arrival(1, seen="11:00:07"), arrival(2, "yard", "11:00:06"), arrival(3, seen="11:00:08")]
    assert choose_frames(arrivals, NOW, Policy()) == [
        SUPERSEDED,
        Verdict(picture=True),
        Verdict(picture=True),
    ]


def test_of_two_frames_taken_at_once_the_later_record_wins() -> None:
    arrivals = [arrival(4), arrival(3)]
    assert choose_frames(arrivals, NOW, Policy()) == [Verdict(picture=True), SUPERSEDED]


def test_a_frame_is_stale_only_beyond_the_limit() -> None:
    edge, beyond = arrival(1, "a", "11:00:05"), arrival(2, "b", "11:00:04.9")
    stale = Verdict(Status.SKIPPED_STALE, "5.1 s old; limit 5 s")
    assert choose_frames([edge, beyond], NOW, Policy()) == [Verdict(picture=True), stale]


def test_a_frame_that_is_a_day_and_two_seconds_old_is_stale() -> None:
    old = Arrival(0, 1, "door", NOW - timedelta(days=1, seconds=2), None, 1000)
    assert choose_frames([old], NOW, Policy())[0].status is Status.SKIPPED_STALE


def test_a_frame_from_a_clock_that_runs_ahead_is_not_stale() -> None:
    assert choose_frames([arrival(1, seen="11:00:11")], NOW, Policy()) == [Verdict(picture=True)]


def test_a_stale_frame_cannot_supersede_a_fresh_one() -> None:
    fresh, stale = arrival(1), arrival(2, seen="11:00:01")
    assert [v.status for v in choose_frames([fresh, stale], NOW, Policy())] == [None, Status.SKIPPED_STALE]


def test_a_record_that_is_no_frame_is_refused_and_supersedes_nothing() -> None:
    good, bad = arrival(1), arrival(2, seen="11:00:10", problem="captured at no time: NaN")
    assert choose_frames([good, bad], NOW, Policy()) == [
        Verdict(picture=True),
        Verdict(Status.MALFORMED, "captured at no time: NaN"),
    ]


def test_a_message_too_large_for_any_picture_is_refused_unread() -> None:
    (verdict,) = choose_frames([arrival(1, bytes=12_582_913)], NOW, Policy())
    assert verdict == Verdict(Status.TOO_LARGE, "12582913 bytes; at most 8388608 are accepted")


def test_the_policy_all_analyses_everything_and_draws_the_newest() -> None:
    arrivals = [arrival(1, seen="09:00"), arrival(2), arrival(3, "yard")]
    verdicts = choose_frames(arrivals, NOW, Policy(ALL))
    assert verdicts == [Verdict(), Verdict(picture=True), Verdict(picture=True)]


def test_an_unknown_policy_is_refused_with_the_choices() -> None:
    with pytest.raises(SettingError, match="PYCTURESTREAM_POLICY='best' must be one of: newest, all"):
        Policy.from_env({"PYCTURESTREAM_POLICY": "best"}, Settings.from_env({}))


def test_an_old_clients_result_always_carries_its_picture() -> None:
    old, newest = arrival(1, seen="11:00:07", legacy=True), arrival(2)
    assert choose_frames([old, newest], NOW, Policy(ALL)) == [Verdict(picture=True), Verdict(picture=True)]
