from __future__ import annotations

import random
import threading

import pytest

from capture.publish.buffer import FrameBuffer
from tests.capture.fakes import FakeTime, adds_up, counts, frame_of, status_of


def buffer_of(frames=3, size=1000, *, live=True):
    return FrameBuffer(status_of(FakeTime()), frames, size, live=live)


def drain(buffer):
    taken = []
    while (frame := buffer.take()) is not None:
        taken.append(frame.sequence)
    return taken


def test_a_live_buffer_gives_up_its_oldest_frames():
    buffer = buffer_of(frames=3)
    for sequence in range(5):
        buffer.put(frame_of(sequence))
    assert counts(buffer) == {"captured": 5, "dropped": 2, "pending": 3}
    assert drain(buffer) == [4, 2, 3]


def test_a_frame_just_taken_goes_before_those_that_wait():
    buffer, taken = buffer_of(frames=9), []
    for sequence in range(4):
        buffer.put(frame_of(sequence))
    taken.append(buffer.take().sequence)
    taken.append(buffer.take().sequence)
    buffer.put(frame_of(4))
    assert taken + drain(buffer) == [3, 0, 4, 1, 2]


def test_on_a_link_slower_than_the_camera_every_frame_sent_is_the_newest():
    buffer, sent = buffer_of(frames=64, size=10_000), []
    for sequence in range(500):
        buffer.put(frame_of(sequence))
        if sequence % 5 == 4:
            sent.append(buffer.take().sequence)
    assert sent == list(range(4, 500, 5))
    assert counts(buffer) == {"captured": 500, "dropped": 337, "pending": 163}


def test_a_file_keeps_its_order():
    buffer = buffer_of(live=False)
    for sequence in range(3):
        buffer.put(frame_of(sequence))
    assert drain(buffer) == [0, 1, 2]


@pytest.mark.parametrize("seed", range(10))
def test_no_bound_is_ever_passed(seed):
    buffer, chance = buffer_of(frames=5, size=300), random.Random(seed)
    flying = []
    for sequence in range(200):
        buffer.put(frame_of(sequence, size=chance.randint(1, 150)))
        if chance.random() < 0.4 and (frame := buffer.take()):
            flying.append(frame)
        if flying and chance.random() < 0.2:
            buffer.give_back(flying.pop())
        waiting = list(buffer._waiting)
        assert len(waiting) == len(buffer) <= 5
        assert sum(len(frame.jpeg) for frame in waiting) <= 300
        assert [frame.sequence for frame in waiting] == sorted(frame.sequence for frame in waiting)


def test_a_buffer_is_bounded_in_bytes():
    buffer = buffer_of(frames=100, size=250)
    for sequence in range(5):
        buffer.put(frame_of(sequence, size=100))
    assert drain(buffer) == [4, 3]


def test_one_frame_is_held_however_large():
    buffer = buffer_of(size=250)
    buffer.put(frame_of(0, size=9999))
    assert drain(buffer) == [0]


def test_a_file_waits_for_room():
    buffer = buffer_of(frames=1, live=False)
    buffer.put(frame_of(0))
    waiting = threading.Thread(target=buffer.put, args=(frame_of(1),))
    waiting.start()
    first = buffer.take()
    waiting.join(5)
    second = buffer.take()
    assert (first.sequence, second.sequence) == (0, 1)
    assert counts(buffer) == {"captured": 2, "pending": 2}


def test_a_file_that_waits_when_stopped_drops_its_frame():
    buffer = buffer_of(frames=1, live=False)
    buffer.put(frame_of(0))
    buffer.put(frame_of(1), stopped=lambda: True)
    assert counts(buffer) == {"captured": 2, "dropped": 1, "pending": 1}


def test_frames_given_back_keep_their_order():
    buffer = buffer_of()
    for sequence in range(3):
        buffer.put(frame_of(sequence))
    newest, oldest = buffer.take(), buffer.take()
    buffer.give_back(newest)
    buffer.give_back(oldest)
    assert drain(buffer) == [0, 1, 2]


def test_a_frame_given_back_to_a_full_buffer_gives_way():
    buffer = buffer_of(frames=1)
    buffer.put(frame_of(0))
    oldest = buffer.take()
    buffer.put(frame_of(1))
    buffer.give_back(oldest)
    assert counts(buffer) == {"captured": 2, "dropped": 1, "pending": 1}
    assert drain(buffer) == [1]


def test_a_closed_buffer_drops_what_waits_and_what_comes():
    buffer = buffer_of()
    buffer.put(frame_of(0))
    on_its_way = buffer.take()
    buffer.put(frame_of(1))
    buffer.close()
    buffer.put(frame_of(2))
    buffer.give_back(on_its_way)
    assert counts(buffer) == {"captured": 3, "dropped": 3}
    assert adds_up(buffer)
