from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from jobs.frames.frame_policy import ALL, Frame, Policy, Verdict, choose_frames
from lake.config.settings import SettingError, Settings
from lake.contracts.wire_format import Status
from tests.conftest import at

NOW = at("11:00:10")
BY_DEFAULT = Policy()
SUPERSEDED = Verdict(Status.SKIPPED_SUPERSEDED, "a newer frame of the camera came in the same batch")


def arrival(offset: int, camera: str | None = "door", seen: str = "11:00:09", **other: object) -> Frame:
    said = {"problem": None, "bytes": 1000, "format": "frame/1", **other}
    return {"partition": 0, "offset": offset, "camera_id": camera, "observed_at": at(seen), **said}


def judge(frames: list[Frame], policy: Policy = BY_DEFAULT) -> list[Verdict]:
    """One verdict per frame, in their order."""
    verdicts = {frame["offset"]: verdict for frame, verdict in choose_frames(frames, NOW, policy)}
    assert len(verdicts) == len(frames)
    return [verdicts[frame["offset"]] for frame in frames]


def test_only_the_newest_frame_of_each_camera_is_analysed() -> None:
    arrivals = [arrival(1, seen="11:00:07"), arrival(2, "yard", "11:00:06"), arrival(3, seen="11:00:08")]
    assert judge(arrivals) == [
        SUPERSEDED,
        Verdict(picture=True),
        Verdict(picture=True),
    ]


def test_of_two_frames_taken_at_once_the_later_record_wins() -> None:
    arrivals = [arrival(4), arrival(3)]
    assert judge(arrivals) == [Verdict(picture=True), SUPERSEDED]


def test_a_frame_is_stale_only_beyond_the_limit() -> None:
    edge, beyond = arrival(1, "a", "11:00:05"), arrival(2, "b", "11:00:04.9")
    stale = Verdict(Status.SKIPPED_STALE, "5.1 s old; limit 5 s")
    assert judge([edge, beyond]) == [Verdict(picture=True), stale]


def test_a_frame_that_is_a_day_and_two_seconds_old_is_stale() -> None:
    old = arrival(1, observed_at=NOW - timedelta(days=1, seconds=2))
    assert judge([old])[0].status is Status.SKIPPED_STALE


def test_a_frame_from_a_clock_that_runs_ahead_is_not_stale() -> None:
    assert judge([arrival(1, seen="11:00:11")]) == [Verdict(picture=True)]


def test_a_stale_frame_cannot_supersede_a_fresh_one() -> None:
    fresh, stale = arrival(1), arrival(2, seen="11:00:01")
    assert [v.status for v in judge([fresh, stale])] == [None, Status.SKIPPED_STALE]


def test_a_record_that_is_no_frame_is_refused_and_supersedes_nothing() -> None:
    good, bad = arrival(1), arrival(2, seen="11:00:10", problem="captured at no time: NaN")
    assert judge([good, bad]) == [
        Verdict(picture=True),
        Verdict(Status.MALFORMED, "captured at no time: NaN"),
    ]


def test_a_message_too_large_for_any_picture_is_refused_unread() -> None:
    (verdict,) = judge([arrival(1, bytes=12_582_913)])
    assert verdict == Verdict(Status.TOO_LARGE, "12582913 bytes; at most 8388608 are accepted")


def test_the_policy_all_analyses_everything_and_draws_the_newest() -> None:
    arrivals = [arrival(1, seen="09:00"), arrival(2), arrival(3, "yard")]
    verdicts = judge(arrivals, Policy(ALL))
    assert verdicts == [Verdict(), Verdict(picture=True), Verdict(picture=True)]


def test_an_unknown_policy_is_refused_with_the_choices() -> None:
    with pytest.raises(SettingError, match="PYCTURESTREAM_POLICY='best' must be one of: newest, all"):
        Policy.from_env({"PYCTURESTREAM_POLICY": "best"}, Settings.from_env({}))


def test_an_old_clients_result_always_carries_its_picture() -> None:
    old, newest = arrival(1, seen="11:00:07", format="legacy"), arrival(2)
    assert judge([old, newest], Policy(ALL)) == [Verdict(picture=True), Verdict(picture=True)]


def test_only_what_may_be_the_newest_of_its_camera_is_held_back() -> None:
    taken: list[int] = []

    def arriving() -> Iterator[Frame]:
        for offset in range(3):
            taken.append(offset)
            yield arrival(offset)

    answered = choose_frames(arriving(), NOW, Policy(ALL))
    assert (next(answered)[0]["offset"], taken) == (0, [0, 1])
    assert [frame["offset"] for frame, _ in answered] == [1, 2]
