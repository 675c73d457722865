from __future__ import annotations

import json
from typing import Any

import pytest

from capture.publish.camera_status import CameraStatus, State
from lake.contracts.camera_status_message import (
    MAX_NAME_LENGTH,
    STATES,
    CameraStatusMessage,
    MalformedStatusMessageError,
    Registration,
    read_notice,
)
from tests.conftest import at

CAMERA = {"name": "Front door", "place": "Hall", "time_zone": "Asia/Tokyo", "source": "0", "enabled": True}


def said(**other: Any) -> bytes:
    return json.dumps({"at": "2026-01-02T11:00:00.5Z", "state": "running", **other}).encode()


def test_a_notice_as_the_agent_writes_it_is_read_whole() -> None:
    status = CameraStatus("door", "cafe", lambda: at("11:00"), lambda _status: None, CAMERA, State.RUNNING)
    status.count_captured(at("10:59:59"))
    status.record_error("no answer from rtsp://ann:canary@10.0.0.7/1")
    counters = {"captured": 1, "gated": 0, "dropped": 0, "failed": 0, "acknowledged": 0, "unknown": 0}
    assert read_notice(b"door", json.dumps(status.message()).encode()) == CameraStatusMessage(
        "door",
        at("11:00"),
        "running",
        "cafe",
        {**counters, "pending": 1},
        "no answer from rtsp://***@10.0.0.7/1",
        at("11:00"),
        at("10:59:59"),
        Registration("Front door", "Hall", "Asia/Tokyo", "0", True),
    )


def test_agents_and_readers_know_the_same_states() -> None:
    assert tuple(State) == STATES


def test_of_an_older_agent_s_notice_the_rest_is_unsaid() -> None:
    assert read_notice(b"door", said()) == CameraStatusMessage(
        "door", at("11:00:00.5"), "running", None, {}, None, None, None, None
    )


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (b"door", None, "Expecting value"),
        (b"door", b"\xff\xfe{", "decode"),
        (b"door", b"[" * 100_000, "recursion"),
        (b"door", b"7", "in none of the states starting, running"),
        (b"door", said(state="dancing"), "door is in none of the states"),
        (b"door", said(state=["running"]), "door is in none of the states"),
        (b"door", said(at="2026-01-02T11:00:00"), "speaks at no time"),
        (b"door", said(at=None), "speaks at no time"),
        (b"door", said(captured=-1), "counted '-1' captured"),
        (b"door", said(gated=True), "counted 'True' gated"),
        (b"door", said(failed=2**60), "counted '1152921504606846976' failed"),
        (b"door", said(dropped="3"), "counted '3' dropped"),
        (b"../x", said(), "'../x' must be 1-64 letters"),
        (None, said(), "'' must be 1-64 letters"),
    ],
)
def test_what_is_no_notice_says_why(key: bytes | None, value: bytes | None, words: str) -> None:
    with pytest.raises(MalformedStatusMessageError, match=words):
        read_notice(key, value)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"name": "<img src=x onerror=alert(1)>"}, ("<img src=x onerror=alert(1)>", None, None, None, True)),
        ({"name": "a\n\tb\x00\u202ec\ud800", "place": "  "}, ("a b c", None, None, None, True)),
        ({"name": "x" * 500, "enabled": False}, ("x" * MAX_NAME_LENGTH, None, None, None, False)),
        ({"name": 7, "place": ["Hall"], "source": None}, (None, None, None, None, True)),
        ({"time_zone": "Mars/Olympus"}, (None, None, None, None, True)),
        ({"time_zone": "../Europe/Berlin", "enabled": "no"}, (None, None, None, None, True)),
        ({"time_zone": ["Europe/Berlin"]}, (None, None, None, None, True)),
    ],
)
def test_a_registration_is_text_in_one_line_or_nothing(told: dict[str, Any], read: tuple[Any, ...]) -> None:
    assert read_notice(b"door", said(camera=told)).registration == Registration(*read)


@pytest.mark.parametrize("told", [None, 7, "door", []])
def test_what_is_no_registration_leaves_the_notice_without(told: object) -> None:
    assert read_notice(b"door", said(camera=told)).registration is None
