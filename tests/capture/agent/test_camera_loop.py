from __future__ import annotations

import numpy as np

from capture.agent.camera_loop import CameraLoop
from capture.publish.backoff import Backoff
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import State
from capture.sources.file_source import FileSource
from capture.sources.source import CameraUnavailableError, UnreadablePictureError
from tests.capture.fakes import FakeTime, camera_of, counts, number_of_jpeg, status_of, write_film


class ScriptedSource:
    """Gives what the script says: pictures, None, or errors to raise; opening may fail too."""

    fastest = 0.0
    lost = ""

    def __init__(self, time, *script, openings=()):
        self.time, self.script, self.openings = time, list(script), list(openings)
        self.opened = self.closed = 0

    def open(self):
        self.opened += 1
        if self.openings and (error := self.openings.pop(0)):
            raise error

    def read(self, step):
        said = self.script.pop(0) if self.script else None
        if said is None:
            self.time.now += 0.5
        if isinstance(said, Exception):
            raise said
        return said

    def close(self):
        self.closed += 1


def picture(height=48, width=64):
    return np.zeros((height, width, 3), np.uint8)


def loop_of(source, time, *, frames=1000, live=True, camera=None):
    states = []
    status = status_of(time, lambda changed: states.append((time.now, changed.state)))
    buffer = FrameBuffer(status, frames, 10_000_000, live=live)
    camera = camera or camera_of()
    loop = CameraLoop(
        camera, source, buffer, status, time.utc, time.monotonic, time.wait, Backoff(lambda: 1.0)
    )
    return loop, buffer, states


def test_a_file_is_sent_in_its_own_time_and_ends(tmp_path):
    time = FakeTime()
    source = FileSource(write_film(tmp_path / "f.avi", 20), loop=False)
    loop, buffer, states = loop_of(source, time, live=False, camera=camera_of(interval=0.5))
    loop.run()
    frames = [buffer.take() for _ in range(4)]
    assert [number_of_jpeg(frame.jpeg) for frame in frames] == [0, 5, 10, 15]
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3]
    assert [(frame.captured_at - frames[0].captured_at).total_seconds() for frame in frames] == [
        0,
        0.5,
        1,
        1.5,
    ]
    assert (frames[0].width, frames[0].height) == (64, 48)
    assert states == [(0, State.RUNNING), (2.0, State.ENDED)]


def test_a_file_is_never_played_faster_than_its_frames(tmp_path):
    time = FakeTime()
    source = FileSource(write_film(tmp_path / "f.avi", 5), loop=False)
    loop, buffer, _ = loop_of(source, time, live=False, camera=camera_of(interval=0.01))
    loop.run()
    assert [number_of_jpeg(buffer.take().jpeg) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert round(time.now, 6) == 0.5


def test_an_interval_of_0_sends_every_frame_without_waiting(tmp_path):
    time = FakeTime()
    source = FileSource(write_film(tmp_path / "f.avi", 20), loop=False)
    loop, buffer, states = loop_of(source, time, live=False, camera=camera_of("f.avi", interval=0))
    loop.run()
    assert [number_of_jpeg(buffer.take().jpeg) for _ in range(20)] == list(range(20))
    assert (time.waits, states) == ([], [(0, State.RUNNING), (0, State.ENDED)])


def test_an_unreadable_picture_failed_is_told_and_does_not_delay_the_next_one(caplog):
    time = FakeTime(stop_at=1.5)
    broken = UnreadablePictureError("picture 'b.jpg' cannot be read")
    loop, buffer, states = loop_of(ScriptedSource(time, picture(), broken, broken, picture()), time)
    loop.run()
    assert counts(buffer) == {"captured": 4, "failed": 2, "pending": 2}
    assert sorted(buffer.take().captured_at.second for _ in range(2)) == [0, 1]
    assert buffer.status.last_error == "picture 'b.jpg' cannot be read"
    assert caplog.messages == ["camera door: picture 'b.jpg' cannot be read"] * 2
    assert [state for _, state in states] == [State.RUNNING, State.ENDED]


def test_a_lost_source_is_opened_again_with_growing_waits():
    time = FakeTime(stop_at=100)
    away = CameraUnavailableError("camera 'rtsp://ann:canary@x/' is unplugged")
    source = ScriptedSource(time, picture(), openings=[away, away, away, None])
    loop, buffer, states = loop_of(source, time)
    loop.run()
    assert time.waits[:3] == [0.5, 1, 2]
    assert states[:2] == [(0, State.SOURCE_LOST), (3.5, State.RUNNING)]
    assert counts(buffer) == {"captured": 1, "pending": 1}
    assert source.opened == source.closed


def test_the_waits_begin_again_after_a_picture():
    time = FakeTime(stop_at=20)
    lost = CameraUnavailableError("unplugged")
    source = ScriptedSource(time, picture(), lost, picture(), lost, openings=[lost, lost])
    loop, _, _ = loop_of(source, time, camera=camera_of(interval=0.75))
    loop.run()
    assert time.waits[:6] == [0.5, 1, 0.75, 0.5, 0.75, 0.5]


def test_a_source_that_is_lost_long_before_its_next_picture_is_opened_anew_at_once():
    time = FakeTime(stop_at=100)

    class Unplugged(ScriptedSource):
        @property
        def lost(self):
            return "unplugged" if 10 <= self.time.now < 20 else ""

    source = Unplugged(time, picture(), picture())
    loop, _, states = loop_of(source, time, camera=camera_of(interval=60))
    loop.run()
    assert states[:3] == [(0, State.RUNNING), (10, State.SOURCE_LOST), (10.5, State.RUNNING)]


def test_an_ended_session_never_seems_to_run_again():
    time = FakeTime()
    _, buffer, states = loop_of(ScriptedSource(time), time)
    buffer.status.enter(State.ENDED)
    buffer.status.enter(State.RUNNING)
    assert (buffer.status.state, states) == (State.ENDED, [(0, State.ENDED)])


def test_the_password_of_a_lost_source_is_not_reported():
    time = FakeTime(stop_at=1)
    source = ScriptedSource(time, openings=[CameraUnavailableError("rtsp://ann:canary@x/ is away")] * 9)
    loop, buffer, _ = loop_of(source, time)
    loop.run()
    assert buffer.status.report()["last_error"] == "rtsp://***@x/ is away"


def test_a_late_camera_catches_up_with_one_picture_and_no_burst():
    time = FakeTime(stop_at=6.9)
    source = ScriptedSource(time, picture(), *[None] * 6, *[picture()] * 9)
    loop, buffer, _ = loop_of(source, time, live=False)
    loop.run()
    taken = []
    while (frame := buffer.take()) is not None:
        taken.append(frame.captured_at.second)
    assert taken == [0, 4, 4, 5, 6]


def test_a_picture_that_cannot_be_encoded_failed_and_the_next_one_is_sent():
    time = FakeTime(stop_at=1.5)
    source = ScriptedSource(time, np.zeros((0, 0, 3), np.uint8), picture())
    loop, buffer, _ = loop_of(source, time)
    loop.run()
    assert counts(buffer) == {"captured": 2, "failed": 1, "pending": 1}
    assert buffer.take().sequence == 1


def test_a_stopped_camera_ends_and_releases_its_source():
    time = FakeTime(stop_at=2.5)
    source = ScriptedSource(time, *[picture()] * 9)
    loop, buffer, states = loop_of(source, time)
    loop.run()
    assert counts(buffer) == {"captured": 3, "pending": 3}
    assert (source.closed, states[-1][1]) == (1, State.ENDED)
