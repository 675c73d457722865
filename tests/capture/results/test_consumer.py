from __future__ import annotations

import base64
import json

import pytest

from capture.results.consumer import as_json, as_text, save_picture
from capture.results.viewer import Viewer, ViewOptions
from lake.contracts.result_message import MalformedResultError, parse_result, picture_of
from lake.contracts.wire_format import MalformedFrameError

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


def shown(tmp_path, value, **wanted):
    said, out = [], []
    viewer = Viewer(ViewOptions(**wanted), tmp_path / "pictures", out.append, said.append, None)
    viewer.see(value)
    return said, out


def test_a_result_is_shown_with_device_time_objects_and_sentences():
    assert as_text(result()) == (
        "door · 2026-01-02T13:00:00 · 3 objects\n"
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


@pytest.mark.parametrize(
    ("cameras", "seen"),
    [((), ["door", "hall", "yard"]), (("door",), ["door"]), (("yard", "door"), ["door", "yard"])],
)
def test_only_the_asked_cameras_are_shown(tmp_path, cameras, seen):
    lines = []
    for name in ("door", "hall", "yard"):
        value = json.dumps(result(camera_id=name)).encode()
        said, out = shown(tmp_path, value, cameras=frozenset(cameras), json_lines=True)
        assert said == []
        lines += out
    assert [json.loads(line)["camera_id"] for line in lines] == seen


def test_the_last_picture_of_the_asked_cameras_is_kept_where_it_was_asked_for(tmp_path):
    wanted = {"cameras": frozenset({"door"}), "picture": tmp_path / "mine" / "output.jpg"}
    shown(tmp_path, json.dumps(result()).encode(), **wanted)
    shown(tmp_path, json.dumps(result(camera_id="hall", image=None)).encode(), **wanted)
    assert wanted["picture"].read_bytes() == JPEG
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["door"]


def test_a_picture_that_cannot_be_kept_is_told_and_reading_goes_on(tmp_path):
    (tmp_path / "mine").touch()
    said, out = shown(tmp_path, json.dumps(result()).encode(), picture=tmp_path / "mine" / "output.jpg")
    assert [text[:28] for text in said] == ["the picture cannot be saved "]
    assert out == [as_text(result())]


class Speaker:
    def __init__(self):
        self.texts = []

    def say(self, text):
        self.texts.append(tuple(text))


@pytest.mark.parametrize(
    ("cameras", "words"),
    [
        (("door",), "2 books at middle left."),
        ((), "door: 2 books at middle left."),
        (("door", "yard"), "door: 2 books at middle left."),
    ],
)
def test_the_sentences_are_spoken_with_the_camera_s_name_unless_it_is_the_only_one(tmp_path, cameras, words):
    speaker, book = Speaker(), {**PERSON, "label": "book"}
    viewer = Viewer(ViewOptions(frozenset(cameras)), tmp_path, lambda _text: None, pytest.fail, speaker)
    viewer.see(json.dumps(result(objects=[book, book])).encode())
    viewer.see(json.dumps(result(camera_id="door", objects=[])).encode())
    silence = words.partition("2")[0] + "No objects detected."
    assert speaker.texts == [("door", words), ("door", silence)]
