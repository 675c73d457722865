from __future__ import annotations

import json

import pytest

from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import Outcome, State
from capture.publish.publisher import STALL_SECONDS, WINDOW
from lake.contracts.wire_format import FRAMES_TOPIC, STATUS_TOPIC
from tests.capture.fakes import (
    FakeBroker,
    FakeTime,
    adds_up,
    counts,
    frame_of,
    publisher_of,
    status_of,
)


class Line:
    """A publisher with one camera's buffer, a broker in memory and a clock."""

    def __init__(self, folder, frames=3, **broker):
        self.time, self.broker = FakeTime(), FakeBroker(**broker)
        self.publisher = publisher_of(self.broker, self.time, folder)
        self.status = status_of(self.time)
        self.buffer = FrameBuffer(self.status, frames, 10_000, live=True)
        self.publisher.add(self.buffer)

    def put(self, *sequences):
        for sequence in sequences:
            self.buffer.put(frame_of(sequence))


@pytest.fixture
def line(tmp_path):
    return Line(tmp_path)


def test_a_frame_arrives_with_its_headers_and_key(line):
    line.time.now = 2.5
    line.put(7)
    line.publisher.step()
    (message,) = line.broker.accepted
    assert (message.topic, message.key, message.value) == (FRAMES_TOPIC, "door", bytes(10))
    assert message.headers == [
        ("schema", b"frame/1"),
        ("frame_id", b"door/cafe/7"),
        ("captured_at", b"2026-01-02T12:00:00.000000Z"),
        ("sent_at", b"2026-01-02T12:00:02.500000Z"),
        ("session", b"cafe"),
        ("sequence", b"7"),
        ("width", b"4"),
        ("height", b"3"),
    ]
    assert counts(line.buffer) == {"captured": 1, "acknowledged": 1}


def test_the_newest_sent_picture_is_kept(line, tmp_path):
    for sequence, size in enumerate([3, 4, 5]):
        line.buffer.put(frame_of(sequence, size=size))
    line.publisher.step()
    assert line.broker.sequences == [2, 0, 1]
    line.publisher.close(0)
    assert (tmp_path / "pictures" / "door" / "sent.jpg").read_bytes() == bytes(5)
    assert [path.name for path in (tmp_path / "pictures" / "door").iterdir()] == ["sent.jpg"]


def test_a_broker_that_is_away_is_tried_again_and_the_newest_frame_arrives_first(line):
    line.broker.here = False
    line.status.enter(State.RUNNING)
    line.put(0, 1)
    assert line.publisher.step() is False
    assert line.publisher.step() is False
    assert line.broker.connects == 1
    assert "no broker answers" in line.status.last_error
    line.put(2, 3, 4)
    line.broker.here = True
    line.time.now = 60
    line.publisher.step()
    assert line.broker.sequences == [4, 2, 3]
    assert counts(line.buffer) == {"captured": 5, "dropped": 2, "acknowledged": 3}
    assert line.publisher.last_error is None


def test_a_lost_camera_shows_its_own_reason_while_the_broker_is_away_too(line):
    line.broker.here = False
    line.status.enter(State.SOURCE_LOST)
    line.status.record_error("unplugged")
    line.publisher.step()
    assert (line.status.last_error, line.publisher.last_error) == (
        "unplugged",
        "no broker answers at 127.0.0.1:9",
    )


def test_the_waits_for_a_broker_grow(line):
    line.broker.here = False
    tried = []
    while line.time.now < 40:
        before = line.broker.connects
        line.publisher.step()
        if line.broker.connects > before:
            tried.append(line.time.now)
        line.time.now += 0.5
    assert tried == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]


def test_few_frames_are_in_flight(tmp_path):
    line = Line(tmp_path, frames=50, patient=True)
    line.put(*range(20))
    line.publisher.step()
    assert len(line.broker.accepted) == WINDOW
    line.broker.answer(Outcome.ACKNOWLEDGED)
    line.publisher.step()
    assert len(line.broker.accepted) == WINDOW + 1


def test_a_broker_that_does_not_answer_gets_no_more_frames(tmp_path):
    line = Line(tmp_path, patient=True)
    line.put(0)
    line.publisher.step()
    line.time.now += STALL_SECONDS
    line.put(1)
    line.publisher.step()
    assert line.broker.sequences == [0]


def test_a_frame_in_doubt_is_unknown_and_never_sent_again(tmp_path):
    line = Line(tmp_path, patient=True)
    for sequence in (0, 1):
        line.put(sequence)
        line.publisher.step()
    line.broker.answer(Outcome.UNKNOWN)
    line.broker.answer(Outcome.ACKNOWLEDGED)
    line.time.now = 60
    line.publisher.step()
    line.time.now = 120
    line.put(2)
    line.publisher.step()
    assert line.broker.sequences == [0, 1, 2]
    assert (line.broker.connects, line.broker.closes) == (2, 1)
    assert counts(line.buffer) == {"captured": 3, "acknowledged": 1, "unknown": 1, "pending": 1}


def test_a_frame_that_the_broker_surely_did_not_write_is_sent_again(tmp_path):
    line = Line(tmp_path, patient=True)
    line.put(0)
    line.publisher.step()
    line.broker.answer(Outcome.RETURNED)
    assert counts(line.buffer) == {"captured": 1, "pending": 1}
    line.publisher.step()
    line.time.now = 60
    line.publisher.step()
    line.broker.answer(Outcome.ACKNOWLEDGED)
    assert line.broker.sequences == [0, 0]
    assert counts(line.buffer) == {"captured": 1, "acknowledged": 1}


def test_a_frame_that_was_not_handed_over_waits(line):
    line.broker.knows_topics = False
    line.put(0)
    line.publisher.step()
    assert counts(line.buffer) == {"captured": 1, "pending": 1}
    line.broker.knows_topics = True
    line.time.now = 60
    line.publisher.step()
    assert counts(line.buffer) == {"captured": 1, "acknowledged": 1}


def test_a_refused_frame_failed(tmp_path):
    line = Line(tmp_path, patient=True)
    line.put(0)
    line.publisher.step()
    line.broker.answer(Outcome.FAILED)
    assert counts(line.buffer) == {"captured": 1, "failed": 1}
    assert "door/cafe/0 failed: the test says so" in line.status.last_error


def test_every_camera_gets_its_turn(tmp_path):
    line = Line(tmp_path, frames=50, patient=True)
    other = FrameBuffer(status_of(line.time), 50, 10_000, live=True)
    line.publisher.add(other)
    for sequence in range(20):
        line.put(sequence)
        other.put(frame_of(sequence, camera_id="yard"))
    line.publisher.step()
    assert [message.key for message in line.broker.accepted] == ["door", "yard"] * (WINDOW // 2)


def test_a_state_goes_to_its_topic(line):
    line.publisher.post(line.status)
    line.publisher.step()
    (message,) = line.broker.accepted
    assert (message.topic, message.key) == (STATUS_TOPIC, "door")
    assert json.loads(message.value) == {
        "schema": "status/1",
        "camera_id": "door",
        "at": "2026-01-02T12:00:00.000000Z",
        "camera": {},
        "state": "starting",
        "captured": 0,
        "gated": 0,
        "dropped": 0,
        "failed": 0,
        "acknowledged": 0,
        "unknown": 0,
        "pending": 0,
        "session": "cafe",
        "last_error": None,
        "last_error_at": None,
        "last_frame_at": None,
    }


def posted_states(line):
    """States of the status notices that the broker took, in their order."""
    return [json.loads(message.value)["state"] for message in line.broker.accepted]


def post(line, *states):
    for state in states:
        line.status.enter(state)
        line.publisher.post(line.status)


def test_states_wait_in_their_order_while_the_broker_is_away(line):
    line.broker.knows_topics = False
    post(line, State.RUNNING, State.SOURCE_LOST)
    assert line.publisher.step() is False
    assert line.publisher.pending == 2
    post(line, State.ENDED)
    line.broker.knows_topics = True
    line.time.now = 60
    line.publisher.step()
    assert posted_states(line) == ["running", "source_lost", "ended"]


def test_states_that_were_refused_under_way_are_sent_again_in_their_order(tmp_path):
    line = Line(tmp_path, patient=True)
    post(line, State.RUNNING, State.SOURCE_LOST)
    line.publisher.step()
    post(line, State.ENDED)
    line.broker.answer(Outcome.REFUSED)
    line.broker.answer(Outcome.REFUSED)
    line.broker.accepted.clear()
    for line.time.now in (60, 120):
        line.publisher.step()
    assert posted_states(line) == ["running", "source_lost", "ended"]


def test_closing_settles_every_frame(tmp_path):
    line = Line(tmp_path, frames=50, patient=True)
    line.put(*range(20))
    line.publisher.step()
    line.publisher.close(0)
    assert counts(line.buffer) == {"captured": 20, "dropped": 20 - WINDOW, "unknown": WINDOW}
    line.broker.answer(Outcome.ACKNOWLEDGED)
    assert adds_up(line.buffer)


def test_a_removed_camera_drops_what_waits(line):
    line.put(0, 1)
    line.publisher.remove(line.buffer)
    line.publisher.step()
    assert counts(line.buffer) == {"captured": 2, "dropped": 2}
    assert line.broker.accepted == []
