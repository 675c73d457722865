"""Time that tests turn by hand, a broker in memory, and films whose frames know their number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from capture.cameras.cameras import Camera
from capture.cameras.settings import CaptureSettings
from capture.publish.backoff import Backoff
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import CameraStatus, Outcome
from capture.publish.kafka_producer import Done, Message
from capture.publish.publisher import Publisher
from lake.contracts.wire_format import FRAMES_TOPIC, Frame
from lake.kafka.client import BrokerAwayError

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@dataclass
class FakeTime:
    """A clock that only moves when somebody waits; `wait` says stop at second `stop_at`."""

    now: float = 0.0
    stop_at: float = float("inf")
    waits: list[float] = field(default_factory=list)

    def utc(self) -> datetime:
        return NOON + timedelta(seconds=self.now)

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        if seconds:
            self.waits.append(seconds)
        self.now += seconds
        return self.now >= self.stop_at


@dataclass
class FakeBroker:
    """Keeps what it is sent; answers at once, or when told in `answer`."""

    here: bool = True
    patient: bool = False
    knows_topics: bool = True
    connects: int = 0
    closes: int = 0
    accepted: list[Message] = field(default_factory=list)
    unanswered: list[Done] = field(default_factory=list)

    def connect(self) -> None:
        self.connects += 1
        if not self.here:
            raise BrokerAwayError("no broker answers at 127.0.0.1:9")

    def send(self, message: Message, done: Done) -> None:
        if not self.knows_topics:
            raise BrokerAwayError("the broker knows no topic")
        self.accepted.append(message)
        if self.patient:
            self.unanswered.append(done)
        else:
            done(Outcome.ACKNOWLEDGED, "")

    def answer(self, outcome: Outcome) -> None:
        self.unanswered.pop(0)(outcome, "the test says so")

    def close(self, timeout: float) -> None:
        self.closes += 1

    @property
    def sequences(self) -> list[int]:
        """Numbers of the frames that were accepted, in their order."""
        frames = [message for message in self.accepted if message.topic == FRAMES_TOPIC]
        return [int(dict(message.headers)["sequence"]) for message in frames]


def silent(_status: CameraStatus) -> None:
    """Nobody is told of a change."""


def status_of(time: FakeTime, notice: Callable[[CameraStatus], None] = silent) -> CameraStatus:
    return CameraStatus("door", "cafe", time.utc, notice)


def frame_of(sequence: int, size: int = 10, camera_id: str = "door") -> Frame:
    return Frame(camera_id, "cafe", sequence, NOON, 4, 3, bytes(size))


def camera_of(source: str = "demo", *, loop: bool = False, interval: float = 1.0) -> Camera:
    return Camera("door", source, interval, loop, 1280, 720, 85)


def settings_of(folder: Path) -> CaptureSettings:
    return CaptureSettings(cameras=folder / "cameras.toml", demo_clip=folder / "demo.avi")


def publisher_of(broker: FakeBroker, time: FakeTime, folder: Path) -> Publisher:
    return Publisher(broker, folder / "pictures", time.utc, time.monotonic, Backoff(lambda: 1.0))


def counts(buffer: FrameBuffer) -> dict[str, int]:
    """The counters that are not zero."""
    return {name: count for name, count in buffer.status.counters.as_dict().items() if count}


def adds_up(buffer: FrameBuffer) -> bool:
    known = buffer.status.counters.as_dict()
    captured = known.pop("captured")
    return captured == sum(known.values()) and buffer.status.counters.buffered == len(buffer)


def write_film(path: Path, frames: int, fps: float = 10.0) -> Path:
    """A film whose frames are greys that grow with their number, so that a picture tells its own."""
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for number in range(frames):
        film.write(np.full((48, 64, 3), 10 + 4 * number, np.uint8))
    film.release()
    return path


def number_of(picture: np.ndarray) -> int:
    """The number of the film's frame in a picture."""
    return round((float(picture.mean()) - 10) / 4)


def number_of_jpeg(jpeg: bytes) -> int:
    return number_of(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
