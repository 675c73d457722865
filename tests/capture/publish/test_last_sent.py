"""What of a camera's pictures leaves the agent: masked, small, and only when something moved."""

from __future__ import annotations

import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest

from capture.pictures.encoding import encode_jpeg
from capture.pictures.motion import MotionRule
from capture.pictures.privacy_masks import masks_from
from tests.capture.agent.test_camera_loop import ScriptedSource, loop_of, picture
from tests.capture.fakes import FakeBroker, FakeTime, adds_up, camera_of, counts, publisher_of

CORNER = [[0, 0], [0.2, 0], [0, 0.2]]


def block(left, height=48, width=64):
    """A light block on black, 16 pixels wide."""
    drawn = picture(height, width)
    drawn[:, left : left + 16] = 200
    return drawn


def drain(buffer):
    """Frames that wait, in the order they were taken."""
    frames = []
    while (frame := buffer.take()) is not None:
        frames.append(frame)
    return sorted(frames, key=lambda frame: frame.sequence)


def test_only_pictures_that_moved_are_sent_and_one_in_a_while_and_all_are_counted():
    time = FakeTime(stop_at=9.5)
    source = ScriptedSource(time, picture(), picture(), block(0), *[picture()] * 7)
    camera = replace(camera_of(), motion=MotionRule(still_interval=3))
    loop, buffer, _ = loop_of(source, time, camera=camera)
    loop.run()
    assert counts(buffer) == {"captured": 10, "gated": 4, "pending": 6}
    assert adds_up(buffer)
    frames = drain(buffer)
    assert [(frame.sequence, frame.motion and round(frame.motion, 2)) for frame in frames] == [
        (0, None),
        (2, 0.25),
        (3, 0.25),
        (4, 0.25),
        (5, 0.25),
        (8, 0.0),
    ]
    told = [dict(frame.headers(time.utc())).get("motion") for frame in frames]
    assert told == [None, b"0.2500", b"0.2500", b"0.2500", b"0.2500", b"0.0000"]


def test_a_camera_without_gate_sends_all_and_tells_nothing_of_motion():
    time = FakeTime(stop_at=1.5)
    loop, buffer, _ = loop_of(ScriptedSource(time, picture(), block(0)), time)
    loop.run()
    assert [(frame.sequence, frame.motion) for frame in drain(buffer)] == [(0, None), (1, None)]
    assert counts(buffer) == {"captured": 2, "pending": 2}


def test_what_is_masked_neither_leaves_nor_moves():
    time = FakeTime(stop_at=2.5)
    source = ScriptedSource(time, block(48) | block(0), block(48) | block(8), block(40) | block(8))
    left = masks_from([[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]])
    camera = replace(camera_of(), masks=left, motion=MotionRule(still_interval=1000))
    loop, buffer, _ = loop_of(source, time, camera=camera)
    loop.run()
    assert counts(buffer) == {"captured": 3, "gated": 1, "pending": 2}
    first, last = drain(buffer)
    assert (first.sequence, last.sequence, last.motion) == (0, 2, 0.25)
    for frame, left_edge in ((first, 48), (last, 40)):
        shown = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert shown[:, :32].max() == 0
        assert shown[:, left_edge : left_edge + 16].min() > 190


def test_a_large_picture_is_made_smaller_and_says_its_own_size():
    time = FakeTime(stop_at=1.5)
    source = ScriptedSource(time, picture(720, 1280), picture(30, 40))
    loop, buffer, _ = loop_of(source, time, camera=replace(camera_of(), longest_side=64))
    loop.run()
    sizes = [
        (frame.width, frame.height, *cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), 1).shape)
        for frame in drain(buffer)
    ]
    assert sizes == [(64, 36, 36, 64, 3), (40, 30, 30, 40, 3)]


def test_a_camera_has_its_own_quality():
    time, drawn = FakeTime(stop_at=0.5), block(8)
    loop, buffer, _ = loop_of(ScriptedSource(time, drawn), time, camera=replace(camera_of(), quality=30))
    loop.run()
    assert buffer.take().jpeg == encode_jpeg(drawn, 30) != encode_jpeg(drawn, 85)


@pytest.mark.parametrize("shape", [(0, 0, 3), (48, 64), (48, 64, 4)])
def test_a_broken_picture_fails_and_ends_neither_gate_nor_camera(shape):
    time = FakeTime(stop_at=1.5)
    camera = replace(camera_of(), motion=MotionRule(), longest_side=32, masks=masks_from([CORNER]))
    loop, buffer, _ = loop_of(ScriptedSource(time, np.zeros(shape, np.uint8), picture()), time, camera=camera)
    loop.run()
    assert counts(buffer) == {"captured": 2, "failed": 1, "pending": 1}
    assert f"a picture of shape {shape} is none" in buffer.status.last_error


def test_a_camera_goes_on_while_the_network_hangs(tmp_path):
    time, hangs, enter = FakeTime(stop_at=99.5), threading.Event(), threading.Event()

    class HangingBroker(FakeBroker):
        def send(self, message, done):
            enter.set()
            assert hangs.wait(30)
            super().send(message, done)

    broker = HangingBroker()
    loop, buffer, _ = loop_of(ScriptedSource(time, *[picture()] * 100), time, frames=4)
    publisher = publisher_of(broker, FakeTime(), tmp_path)
    publisher.add(buffer)
    loop._send(picture())
    sender = threading.Thread(target=publisher.step)
    sender.start()
    try:
        assert enter.wait(30)
        loop.run()
        assert counts(buffer) == {"captured": 101, "dropped": 96, "pending": 5}
    finally:
        hangs.set()
        sender.join(30)
    assert broker.sequences == [0, 100, 97, 98, 99]
    assert counts(buffer) == {"captured": 101, "dropped": 96, "acknowledged": 5}
