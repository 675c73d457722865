"""The bounded buffer between capturing and sending."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from operator import attrgetter

from capture.publish.camera_status import CameraStatus
from lake.contracts.wire_format import Frame


class FrameBuffer:
    """Frames waiting to be sent, bounded in number and bytes whatever the broker does.

    A live buffer drops its oldest frames for newer ones, and hands out a new frame before the older ones that
    still wait: a backlog never delays current pictures, however slow the network. Any other blocks `put` when
    full and keeps the order. One frame is always held, however large. Every frame is counted in the camera's
    status.
    """

    def __init__(self, status: CameraStatus, frames: int, size: int, *, live: bool) -> None:
        """Hold at most `frames` frames and `size` bytes of pictures."""
        self.status = status
        self._max_frames, self._max_bytes, self._live = frames, size, live
        self._waiting: deque[Frame] = deque()
        self._bytes = 0
        self._newest_taken = -1
        self._closed = False
        self._changed = threading.Condition()

    def _full_for(self, frame: Frame) -> bool:
        too_many = len(self._waiting) >= self._max_frames
        return bool(self._waiting) and (too_many or self._bytes + len(frame.jpeg) > self._max_bytes)

    def _drop_oldest(self) -> None:
        self._bytes -= len(self._waiting.popleft().jpeg)
        self.status.count_dropped()

    def put(self, frame: Frame, stopped: Callable[[], bool] = lambda: False) -> None:
        """Add a frame; if there is no room until `stopped` or `close`, drop and count it."""
        with self._changed:
            self.status.count_captured(frame.captured_at)
            while self._full_for(frame) and not self._closed and not stopped():
                if self._live:
                    self._drop_oldest()
                else:
                    self._changed.wait(0.2)
            if self._closed or self._full_for(frame):
                self.status.count_dropped()
                return
            self._waiting.append(frame)
            self._bytes += len(frame.jpeg)

    def take(self) -> Frame | None:
        """Remove and return the next frame, now in flight; None if there is none."""
        with self._changed:
            if not self._waiting:
                return None
            fresh = self._live and self._waiting[-1].sequence > self._newest_taken
            frame = self._waiting.pop() if fresh else self._waiting.popleft()
            self._newest_taken = max(self._newest_taken, frame.sequence)
            self._bytes -= len(frame.jpeg)
            self.status.count_handed_over()
            self._changed.notify_all()
            return frame

    def give_back(self, frame: Frame) -> None:
        """Return a frame that was not sent; a full live buffer drops it, as the oldest."""
        with self._changed:
            self.status.count_handed_over(-1)
            if self._closed or (self._live and self._full_for(frame)):
                self.status.count_dropped()
                return
            self._waiting = deque(sorted([frame, *self._waiting], key=attrgetter("sequence")))
            self._bytes += len(frame.jpeg)

    def close(self) -> None:
        """Drop and count waiting frames and all later ones."""
        with self._changed:
            self._closed = True
            while self._waiting:
                self._drop_oldest()
            self._changed.notify_all()

    def __len__(self) -> int:
        """Return the number of waiting frames."""
        return len(self._waiting)
