from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dashboards.data import live_cameras
from dashboards.data.feed_messages import AgentReport, FrameResult, SentPicture
from dashboards.data.live_cameras import MAX_CAMERAS, Cameras
from lake.contracts.camera_status_message import Registration
from tests.conftest import at

START = at("11:00")
HOSTILE = "<img src=x onerror=alert(1)>"


def sent(camera: str = "door", number: int = 0) -> SentPicture:
    return SentPicture(camera, f"{camera}/s/{number}", START, b"jpeg")


def seen(camera: str = "door", number: int = 0, *labels: str, jpeg: bytes | None = b"boxes") -> FrameResult:
    things = [{"label": label, "score": 0.9, "sector": ["middle", "left"]} for label in labels]
    return FrameResult(camera, f"{camera}/s/{number}", 0.25, things, jpeg)


def every(seconds: float, count: int, camera: str = "door") -> Cameras:
    cameras = Cameras()
    for number in range(count):
        cameras.take_sent(sent(camera, number), START + timedelta(seconds=seconds * number))
    return cameras


def only(cameras: Cameras, seconds: float) -> dict[str, Any]:
    [told] = cameras.told(START + timedelta(seconds=seconds))["cameras"]
    return dict(told)


@pytest.mark.parametrize(
    ("interval", "silence", "state"),
    [(0.5, 4.9, "online"), (0.5, 5.1, "silent"), (60, 179, "online"), (60, 181, "silent")],
)
def test_a_camera_is_silent_after_three_of_its_intervals_but_not_before_five_seconds(
    interval: float, silence: float, state: str
) -> None:
    cameras = every(interval, 5)
    assert only(cameras, 4 * interval + silence)["state"] == state


def test_two_pictures_a_second_are_said_to_be_two() -> None:
    assert only(every(0.5, 61), 30)["frames_per_second"] == 2.0


@pytest.mark.parametrize("state", ["ended", "source_lost"])
def test_what_the_agent_says_counts_more_than_a_fresh_picture(state: str) -> None:
    cameras = every(1, 3)
    cameras.take_report(AgentReport("door", state, "unplugged"), START)
    told = only(cameras, 2)
    assert (told["state"], told["error"]) == (state, "unplugged")


def test_a_camera_that_sent_nothing_is_starting() -> None:
    cameras = Cameras()
    cameras.take_report(AgentReport("door", "running", None), START)
    assert (only(cameras, 0)["state"], only(cameras, 0)["age_s"]) == ("starting", None)


def test_findings_are_told_in_the_words_of_the_first_version() -> None:
    cameras = every(1, 1)
    cameras.take_seen(seen("door", 0, "person", "person"), START)
    told = only(cameras, 0)
    assert told["sentences"] == ["2 persons at middle left."]
    assert told["objects"] == ["person (0.90) at middle left"] * 2
    cameras.take_seen(seen("door", 1), START + timedelta(seconds=1))
    assert only(cameras, 1)["sentences"] == ["No objects detected."]


def test_a_result_without_a_picture_leaves_the_last_one() -> None:
    cameras = every(1, 1)
    cameras.take_seen(seen("door", 0), START)
    cameras.take_seen(seen("door", 1, jpeg=None), START + timedelta(seconds=1))
    assert (only(cameras, 1)["annotated"], only(cameras, 1)["result"]) == ("door/s/0", "door/s/1")


def test_an_older_record_changes_nothing() -> None:
    cameras = every(1, 2)
    cameras.take_sent(sent("door", 7), START - timedelta(seconds=1))
    cameras.take_seen(seen("door", 1), START)
    cameras.take_seen(seen("door", 0), START - timedelta(seconds=1))
    assert (only(cameras, 1)["sent"], only(cameras, 1)["result"]) == ("door/s/1", "door/s/1")


def test_the_newest_picture_comes_first() -> None:
    cameras = every(1, 2, "yard")
    cameras.take_sent(sent("door"), START)
    assert [one["camera"] for one in cameras.told(START)["cameras"]] == ["yard", "door"]


def test_no_crowd_of_names_fills_the_memory() -> None:
    cameras = Cameras()
    for number in range(MAX_CAMERAS + 5):
        cameras.take_sent(sent(f"camera{number}"), START + timedelta(seconds=number))
    assert cameras.told(START)["found"] == MAX_CAMERAS
    assert [name for name in ("camera0", "camera4", "camera5") if cameras.get(name)] == ["camera5"]


def test_pictures_beyond_what_the_memory_may_hold_leave_those_silent_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_cameras, "MAX_PICTURE_BYTES", 3 * len(b"jpeg"))
    cameras = Cameras()
    for number, camera in enumerate(("door", "yard", "door", "hall", "attic")):
        cameras.take_sent(sent(camera, number), START + timedelta(seconds=number))
    told = {one["camera"]: one["sent"] for one in cameras.told(START)["cameras"]}
    assert told == {"attic": "attic/s/4", "hall": "hall/s/3", "door": "door/s/2", "yard": None}
    cameras.take_seen(seen("attic", 4), START + timedelta(seconds=5))
    told = {one["camera"]: one["sent"] for one in cameras.told(START)["cameras"]}
    assert told == {"attic": "attic/s/4", "hall": None, "door": None, "yard": None}, "boxes are a picture too"


def many(count: int) -> Cameras:
    """Cameras whose pictures come in the opposite order of their names; the last one's is old."""
    cameras = Cameras()
    for number in reversed(range(count)):
        cameras.take_sent(sent(f"camera-{number:03}"), START + timedelta(seconds=count - number))
    return cameras


def page(cameras: Cameras, seconds: float, find: str = "", first: int = 0) -> tuple[str, str, int, int, int]:
    """First and last camera of a page, how many it has, number of the first, and how many were found."""
    told = cameras.told(START + timedelta(seconds=seconds), find, first)
    names = [one["camera"] for one in told["cameras"]]
    return names[0], names[-1], len(names), told["first"], told["found"]


def test_more_cameras_than_a_page_holds_stand_still_in_the_order_of_their_names() -> None:
    cameras = many(60)
    assert page(cameras, 60) == ("camera-000", "camera-023", 24, 0, 60)
    assert page(cameras, 60, first=24) == ("camera-024", "camera-047", 24, 24, 60)
    assert page(cameras, 60, first=999) == ("camera-048", "camera-059", 12, 48, 60), "the last page"
    assert page(cameras, 60, first=-5) == ("camera-000", "camera-023", 24, 0, 60)
    cameras.take_sent(sent("camera-059"), START + timedelta(seconds=61))
    assert page(cameras, 61) == ("camera-000", "camera-023", 24, 0, 60), "no picture moves a camera"


def test_cameras_are_found_by_their_name_and_by_their_state() -> None:
    cameras = many(60)
    assert page(cameras, 60, "RA-01") == ("camera-010", "camera-019", 10, 0, 10)
    cameras.take_report(AgentReport("camera-031", "source_lost", None), START)
    assert page(cameras, 60, "source lost") == ("camera-031", "camera-031", 1, 0, 1)
    assert page(cameras, 60, "online") == ("camera-000", "camera-005", 6, 0, 6)
    assert cameras.told(START, "<b>") == {"cameras": [], "found": 0, "first": 0, "at_once": 24}


def listed(*, enabled: bool = True) -> AgentReport:
    return AgentReport("door", "running", None, Registration(HOSTILE, "Hall", None, None, enabled))


def test_a_camera_is_called_by_its_name_and_place_once_its_agent_says_them() -> None:
    cameras = every(1, 3)
    assert only(cameras, 2)["name"] == "door"
    cameras.take_report(listed(), START)
    assert only(cameras, 2)["name"] == f"{HOSTILE} · Hall (door)"


def test_a_camera_that_is_switched_off_and_sent_nothing_is_not_shown() -> None:
    cameras = Cameras()
    cameras.take_report(listed(enabled=False), START)
    assert cameras.told(START)["cameras"] == []
    cameras.take_report(listed(), START)
    cameras.take_report(listed(enabled=False), START)
    assert cameras.told(START)["found"] == 1, "one that was shown goes on telling its state"


@pytest.mark.parametrize(
    ("gated", "state", "silence", "told"),
    [
        (True, "running", 74, "online"),
        (True, "running", 76, "silent"),
        (True, "source_lost", 30, "source_lost"),
        (False, "running", 30, "silent"),
    ],
)
def test_a_camera_that_sends_only_what_moved_is_quiet_while_its_agent_speaks(
    gated: bool, state: str, silence: float, told: str
) -> None:
    cameras = Cameras()
    cameras.take_sent(SentPicture("door", "door/s/7", START, b"jpeg", gated), START)
    cameras.take_report(AgentReport("door", state, None), START)
    assert only(cameras, silence)["state"] == told


def test_a_picture_that_waited_does_not_push_the_newest_away() -> None:
    cameras = Cameras()
    later = START + timedelta(seconds=5)
    cameras.take_sent(SentPicture("door", "door/s/9", later, b"jpeg"), later)
    cameras.take_sent(SentPicture("door", "door/s/8", START, b"jpeg"), later)
    assert (only(cameras, 6)["sent"], only(cameras, 6)["age_s"]) == ("door/s/9", 1.0)
    cameras.take_sent(SentPicture("door", "door/t/0", START, b"jpeg"), later)
    assert only(cameras, 6)["sent"] == "door/t/0", "another session may have another clock"
