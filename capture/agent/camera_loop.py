"""Captures one camera's pictures at their interval; never touches the broker's network."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from capture.cameras.cameras import Camera
from capture.pictures.encoding import Picture, UnsendablePictureError, check_picture, encode_jpeg, shrink
from capture.pictures.motion import MotionGate
from capture.pictures.privacy_masks import black_out
from capture.publish.backoff import Backoff
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import CameraStatus, State
from capture.sources.source import CameraUnavailableError, EndOfSourceError, Source, UnreadablePictureError
from lake.contracts.wire_format import Frame

LOG: Final = logging.getLogger("capture.agent.camera_loop")
CHECK_INTERVAL_S: Final = 1.0
"""How often a source is checked while the next picture is not due."""


@dataclass(slots=True)
class CameraLoop:
    """One camera's session, run in its own thread until it ends or is stopped.

    Attributes:
        camera, source, buffer, status: the camera, the source and buffer of its pictures, and their counts.
        clock: gives UTC.
        monotonic: gives seconds.
        wait: sleeps for seconds, less when stopped; returns whether the session was stopped.
        backoff: between two attempts at a lost source.
    """

    camera: Camera
    source: Source
    buffer: FrameBuffer
    status: CameraStatus
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    wait: Callable[[float], bool]
    backoff: Backoff
    _sequence: int = field(default=0, init=False)
    _gate: MotionGate | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Create the motion gate, if the camera has one."""
        if self.camera.motion is not None:
            self._gate = MotionGate(self.camera.motion)

    def run(self) -> None:
        """Capture pictures until the end; reopen a lost source, with growing waits and without limit."""
        while not self.wait(0):
            try:
                self._capture()
                break
            except EndOfSourceError:
                break
            except CameraUnavailableError as error:
                self.status.record_error(str(error))
                self.status.enter(State.SOURCE_LOST)
            finally:
                self.source.close()
            if self.wait(self.backoff.next()):
                break
        self.status.enter(State.ENDED)

    def _capture(self) -> None:
        self.source.open()
        step = max(self.camera.interval, self.source.fastest)
        interval = step if self.camera.interval else 0.0
        due = self.monotonic()
        while not self._wait_until(due):
            try:
                picture = self.source.read(step)
            except UnreadablePictureError as error:
                self._count_broken(error)
                continue
            if picture is not None:
                self._send(picture)
                due = max(due + interval, self.monotonic())

    def _wait_until(self, due: float) -> bool:
        """Wait until `due`; return whether the session was stopped, raise if the source is lost."""
        while (left := due - self.monotonic()) > CHECK_INTERVAL_S:
            if self.wait(CHECK_INTERVAL_S):
                return True
            if self.source.lost:
                raise CameraUnavailableError(self.source.lost)
        return self.wait(max(0.0, left))

    def _count_broken(self, error: ValueError) -> None:
        """Count a picture that can never be sent; the next one is taken at once."""
        self.status.count_captured(self.clock())
        self.status.count_unsendable()
        self.status.record_error(str(error))
        LOG.warning("camera %s: %s", self.camera.id, error)

    def _send(self, picture: Picture) -> None:
        """Count a picture and buffer it, unless the motion gate holds it back."""
        self.backoff.reset()
        self.status.enter(State.RUNNING)
        taken_at, sequence = self.clock(), self._sequence
        self._sequence += 1
        try:
            check_picture(picture)
            visible = black_out(picture, self.camera.masks)
            motion, worth_sending = self._measure_motion(visible)
            if not worth_sending:
                self.status.count_gated(taken_at)
                return
            small = shrink(visible, self.camera.longest_side)
            jpeg = encode_jpeg(small, self.camera.quality)
        except UnsendablePictureError as error:
            self._count_broken(error)
            return
        height, width = small.shape[:2]
        frame = Frame(self.camera.id, self.status.session, sequence, taken_at, width, height, jpeg, motion)
        self.buffer.put(frame, lambda: self.wait(0))

    def _measure_motion(self, picture: Picture) -> tuple[float | None, bool]:
        """Return the share of the picture that moved, None if not measured, and whether to send it."""
        if self._gate is None:
            return None, True
        now, interval = self.monotonic(), max(self.camera.interval, self.source.fastest)
        motion = self._gate.measure(picture, now)
        return motion, self._gate.passes(motion, now, interval)
