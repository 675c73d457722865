from __future__ import annotations

import base64
import json

import pytest

from capture.programs import show_result
from capture.results import as_json, as_text, save_picture
from lake.contracts import MalformedFrameError
from lake.results import MalformedResultError, parse_result, picture_of
from lake.settings import Settings

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
PERSON = {"label": "person", "score": 0.87, "sector": ["middle", "left"], "box": [0.1, 0.2, 0.3, 0.4]}
CUP = {"label": "cup", "score": 0.5, "sector": ["top", "right"], "box": [0.1, 0.2, 0.3, 0.4]}


def result(**changed):
    whole = {
        "schema": "result/1",
        "timestamp": "2026-01-02T13:00:00",
        "camera_id": "door",
        "objects": [PERSON, CUP, PERSON],
        "image": base64.b64encode(JPEG).decode(),
    }
    return {**whole, **changed}


def shown(tmp_path, value, camera=None, json_lines=False):
    said, out = [], []
    settings = Settings(home=tmp_path, data=tmp_path)
    show_result(value, settings, camera, said.append, out.append, json_lines=json_lines)
    return said, out


def test_a_result_is_shown_with_device_time_objects_and_sentences():
    assert as_text(result()) == (
        "door · 2026-01-02T13:00:00\n"
        "  person (0.87) at middle left\n"
        "  cup (0.50) at top right\n"
        "  person (0.87) at middle left\n"
        "  2 persons at middle left. cup at top right."
    )


def test_a_result_without_objects_says_so():
    assert as_text(result(objects=[])) == "door · 2026-01-02T13:00:00\n  No objects detected."


def test_a_line_of_json_leaves_the_picture_out():
    line = as_json(result())
    assert "\n" not in line
    assert json.loads(line) == {name: value for name, value in result().items() if name != "image"}


def test_control_characters_do_not_reach_the_terminal():
    text = as_text(result(timestamp="\x1b[2Jnow", objects=[{"label": "\x1b]0;x\x07", "score": "high"}]))
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff\xfe",
        b"[]",
        b"7",
        b"{}",
        b"[" * 100_000,
        json.dumps(result(camera_id="../x")).encode(),
        json.dumps(result(camera_id="/etc")).encode(),
        json.dumps(result(camera_id=7)).encode(),
        json.dumps(result(objects="many")).encode(),
        json.dumps(result(objects=["person"])).encode(),
    ],
)
def test_a_malformed_message_is_refused_and_passed_over(tmp_path, value):
    with pytest.raises(MalformedResultError):
        parse_result(value)
    said, out = shown(tmp_path, value)
    assert said[0].startswith("a message was passed over: ")
    assert (out, list(tmp_path.rglob("*"))) == ([], [])


def test_a_hostile_camera_id_does_not_reach_a_path(tmp_path):
    with pytest.raises(MalformedFrameError):
        save_picture(result(camera_id="../../x"), tmp_path / "a" / "b")
    assert list(tmp_path.rglob("*")) == []


def test_the_annotated_picture_is_kept(tmp_path):
    path = save_picture(result(), tmp_path)
    assert path == tmp_path / "door" / "result.jpg"
    assert path.read_bytes() == JPEG


@pytest.mark.parametrize("image", [None, 7, "no base64!", base64.b64encode(b"<svg/>").decode(), ""])
def test_what_is_no_jpeg_is_not_kept(tmp_path, image):
    assert picture_of(result(image=image)) is None
    assert save_picture(result(image=image), tmp_path) is None


def test_only_the_asked_camera_is_shown(tmp_path):
    value = json.dumps(result()).encode()
    assert shown(tmp_path, value, camera="yard") == ([], [])
    said, (line,) = shown(tmp_path, value, camera="door", json_lines=True)
    assert (said, json.loads(line)["camera_id"]) == ([], "door")
