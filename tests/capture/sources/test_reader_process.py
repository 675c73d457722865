from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest

from capture.sources.reader_process import (
    HEAD,
    Ending,
    OpenRequest,
    Requests,
    Responses,
    connect,
    picture_of,
    reason_of,
    skip_backlog,
)
from tests.capture.fakes import FakeTime


class ScriptedDevice:
    """Gives one picture after another: each is a film time and the seconds that it has to be waited for."""

    def __init__(self, time, *frames):
        self.time, self.frames = time, list(frames)
        self.grabbed = self.converted = 0

    def grab(self):
        if not self.frames:
            return False
        self.at, wait = self.frames.pop(0)
        self.time.now += wait
        self.grabbed += 1
        return True

    def retrieve(self):
        self.converted += 1
        return True, np.full((2, 3, 3), self.grabbed, np.uint8)

    def get(self, what):
        assert what == cv2.CAP_PROP_POS_MSEC
        return self.at * 1000


def test_only_a_wanted_picture_is_converted_and_it_is_the_next_one():
    wishes, out = Requests(), BytesIO()
    device = ScriptedDevice(FakeTime(), *[(0, 0)] * 5)
    grab = device.grab

    def grab_and_want():
        wishes.wanted = wishes.wanted or device.grabbed == 1
        return grab()

    device.grab = grab_and_want
    assert Responses(wishes, out).drain(device, is_jpeg=False) == 5
    assert out.getvalue() == HEAD.pack(0, 0) + HEAD.pack(2, 3) + bytes([2] * 18)
    assert device.converted == 1


def test_the_end_that_is_asked_for_ends_the_reading():
    wishes = Requests()
    wishes.over = True
    device = ScriptedDevice(FakeTime(), *[(0, 0)] * 5)
    assert Responses(wishes, BytesIO()).drain(device, is_jpeg=False) == 0
    assert device.grabbed == 0


def test_pictures_that_came_while_the_stream_was_opened_are_passed_over():
    time = FakeTime()
    old, new = [(n / 25, 0.001) for n in range(30)], [(n / 25, 0.039) for n in range(30, 40)]
    device = ScriptedDevice(time, *old, *new)
    skip_backlog(device, 2.0, time.monotonic)
    assert device.grabbed == 31


def test_no_more_is_passed_over_than_can_have_come_while_the_stream_was_opened():
    time = FakeTime()
    device = ScriptedDevice(time, *[(n / 25, 0.001) for n in range(100)])
    skip_backlog(device, 2.0, time.monotonic)
    assert device.grabbed == 51


def test_nothing_is_passed_over_of_a_stream_that_was_opened_quickly():
    device = ScriptedDevice(FakeTime(), (0, 0))
    skip_backlog(device, 0.4, FakeTime().monotonic)
    assert device.grabbed == 0


@pytest.mark.parametrize(
    ("said", "ending"),
    [
        ("[OPENCV:FFMPEG:16] method DESCRIBE failed: 401 (Unauthorized)", Ending.UNAUTHORIZED),
        ("[OPENCV:FFMPEG:24] HTTP error 403 Forbidden", Ending.UNAUTHORIZED),
        ("[OPENCV:FFMPEG:24] HTTP error 404 Not Found", Ending.NOT_FOUND),
        ("[OPENCV:FFMPEG:24] HTTP error 503 Service Unavailable", Ending.REFUSED),
        ("Connection to tcp://10.0.0.7:401?timeout=0 failed: Connection refused", Ending.REFUSED),
        ("", Ending.REFUSED),
    ],
)
def test_the_reason_is_told_from_the_words_of_ffmpeg(said, ending):
    assert reason_of(said) == ending


class Asked:
    """A device that notes what it is asked for."""

    def __init__(self, *words):
        self.words, self.asked = words, {}

    def set(self, what, value):
        self.asked[what] = value


def test_a_device_is_asked_for_its_resolution(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Asked)
    device = connect(OpenRequest("2", 1280, 720))
    assert device.words == (2,)
    assert device.asked == {cv2.CAP_PROP_FRAME_WIDTH: 1280, cv2.CAP_PROP_FRAME_HEIGHT: 720}


def test_a_device_without_colours_gives_pictures_of_three_channels():
    device = ScriptedDevice(FakeTime())
    device.retrieve = lambda: (True, np.full((2, 3), 7, np.uint8))
    assert picture_of(device, is_jpeg=False).tolist() == [[[7, 7, 7]] * 3] * 2
