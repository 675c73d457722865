from __future__ import annotations

import base64
import json

import pytest

from dashboards.data.feed_messages import AgentReport, SentPicture, frame_result, report, sent_picture
from lake.contracts.camera_status_message import Registration
from lake.contracts.wire_format import MAX_PICTURE_BYTES
from tests.conftest import at

JPEG = b"\xff\xd8\xff-picture"
HEADERS = [("schema", b"frame/1"), ("frame_id", b"door/s/1"), ("captured_at", b"2026-01-02T11:00:00Z")]


def test_a_frame_is_read_with_its_id_and_time() -> None:
    read = sent_picture(b"door", JPEG, HEADERS, "place")
    assert read == SentPicture("door", "door/s/1", at("11:00"), JPEG)


def test_a_frame_of_a_camera_with_a_motion_gate_is_known_by_its_header() -> None:
    read = sent_picture(b"door", JPEG, [*HEADERS, ("motion", b"0.0123")], "place")
    assert read == SentPicture("door", "door/s/1", at("11:00"), JPEG, gated=True)


def test_a_frame_of_the_first_version_is_read_too() -> None:
    value = json.dumps({"camera_id": "door", "image": base64.b64encode(JPEG).decode(), "timestamp": "x"})
    assert sent_picture(None, value.encode(), [], "p/0/7") == SentPicture("door", "p/0/7", None, JPEG)


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (b"door/../x", JPEG, HEADERS),
        (None, JPEG, HEADERS),
        (b"door", b"GIF89a", HEADERS),
        (b"door", None, HEADERS),
        (b"door", JPEG + bytes(MAX_PICTURE_BYTES), HEADERS),
        (b"door", JPEG, []),
        (None, b'{"camera_id": "door", "image": "***"}', []),
        (None, b'{"camera_id": 7, "image": ""}', []),
        (None, b"[" * 100_000, []),
        (b"\xff\xfe", JPEG, HEADERS),
    ],
)
def test_what_is_no_picture_is_passed_over(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    assert sent_picture(key, value, headers, "p/0/7") is None


def test_a_result_says_how_long_it_took() -> None:
    value = {
        "camera_id": "door", "frame_id": "door/s/1", "objects": [{"label": "cat"}],
        "observed_at": "2026-01-02T11:00:00Z", "stages": {"finished_at": "2026-01-02T11:00:00.250Z"},
        "image": base64.b64encode(JPEG).decode(),
    }  # fmt: skip
    read = frame_result(json.dumps(value).encode())
    assert read is not None
    assert (read.camera_id, read.latency_s, read.jpeg, read.objects) == (
        "door",
        0.25,
        JPEG,
        [{"label": "cat"}],
    )


@pytest.mark.parametrize(
    "value",
    [None, b"", b"[]", b'{"camera_id": "../x", "objects": []}', b'{"camera_id": "door", "objects": [1]}'],
)
def test_what_is_no_result_is_passed_over(value: bytes | None) -> None:
    assert frame_result(value) is None


@pytest.mark.parametrize(
    "stages",
    [
        None,
        7,
        {"finished_at": "0001-01-01T00:00:00+01:00"},
        {"finished_at": "soon"},
        {"finished_at": "2026-01-02T11:00:00"},
    ],
)
def test_a_result_without_usable_times_has_no_latency(stages: object) -> None:
    value = {"camera_id": "door", "objects": [], "observed_at": "2026-01-02T11:00:00Z", "stages": stages}
    read = frame_result(json.dumps(value).encode())
    assert read is not None
    assert read.latency_s is None


def test_an_agent_s_notice_is_read_and_nonsense_is_not() -> None:
    assert report(b"door", b'{"state": "ended", "last_error": null}') == AgentReport("door", "ended", None)
    said = {"state": "running", "camera": {"name": "Front door", "place": 7, "enabled": False}}
    known = Registration("Front door", None, None, None, False)
    assert report(b"door", json.dumps(said).encode()) == AgentReport("door", "running", None, known)
    assert report(b"door", b'{"state": "dancing"}') is None
    assert report(b"a/b", b'{"state": "ended"}') is None
    assert report(b"door", b"[]") is None
