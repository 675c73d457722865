"""Cameras whose frames are numbered go through the real publisher; the fate of each frame is kept."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, pairwise
from pathlib import Path

from capture.publish.backoff import Backoff
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import CameraStatus, Outcome
from capture.publish.kafka_producer import Done, KafkaBroker, Message
from capture.publish.publisher import Publisher
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import Frame

CAMERAS = ("north", "south")
"""Their keys lie on different partitions."""
EVERY_S = 0.5
FRAMES, BYTES = 64, 16 * 2**20


class WatchedBroker(KafkaBroker):
    """The real client; keeps when which frame was handed over, and when it was acknowledged."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.handed_over: dict[str, float] = {}
        self.acknowledged: dict[str, float] = {}
        self.in_doubt: set[str] = set()

    def send(self, message: Message, done: Done) -> None:
        frame_id = dict(message.headers)["frame_id"].decode()
        self.handed_over[frame_id] = time.monotonic()

        def settled(outcome: Outcome, reason: str) -> None:
            if outcome is Outcome.ACKNOWLEDGED:
                self.acknowledged[frame_id] = time.monotonic()
            elif outcome is Outcome.UNKNOWN:
                self.in_doubt.add(frame_id)
            done(outcome, reason)

        super().send(message, settled)

    def newest(self) -> int:
        """Number of the newest frame that was handed over."""
        return max(int(frame_id.rpartition("/")[2]) for frame_id in list(self.handed_over))

    def longest_pause_s(self, since: float) -> float:
        """Seconds between two acknowledgements that follow each other, at most, from a moment on."""
        times = [since, *sorted(at for at in self.acknowledged.values() if at > since)]
        return max(later - earlier for earlier, later in pairwise(times))


@contextmanager
def numbered_frames(bootstrap: str, pictures: Sequence[bytes], folder: Path) -> Iterator[WatchedBroker]:
    """Each camera's next frame every `EVERY_S`, until the end; then what is under way is settled."""
    broker, ended = WatchedBroker(bootstrap), threading.Event()
    publisher = Publisher(broker, folder, utc_now, time.monotonic, Backoff(random.random, longest=1.0))
    buffers = [_buffer(camera, publisher) for camera in CAMERAS]

    threads = [
        threading.Thread(target=_take, args=(buffers, pictures, ended)),
        threading.Thread(target=_send, args=(publisher, ended)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield broker
    finally:
        ended.set()
        threads[0].join(10)
        threads[1].join(30)
        publisher.close(5)


def _buffer(camera: str, publisher: Publisher) -> FrameBuffer:
    status = CameraStatus(camera, "5e5510", utc_now, lambda _status: None)
    buffer = FrameBuffer(status, FRAMES, BYTES, live=True)
    publisher.add(buffer)
    return buffer


def _take(buffers: Sequence[FrameBuffer], pictures: Sequence[bytes], ended: threading.Event) -> None:
    for sequence, jpeg in enumerate(cycle(pictures)):
        if ended.wait(EVERY_S):
            return
        for buffer in buffers:
            buffer.put(Frame(buffer.status.camera_id, "5e5510", sequence, utc_now(), 640, 272, jpeg))


def _send(publisher: Publisher, ended: threading.Event) -> None:
    while not ended.is_set() or publisher.pending:
        if not publisher.step():
            time.sleep(0.01)
