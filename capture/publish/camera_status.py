"""State of one camera, and the counts of its pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from capture.cameras.redaction import redact
from lake.contracts.wire_format import rfc3339

STATUS_SCHEMA: Final = "status/1"


class State(StrEnum):
    """State of a camera."""

    STARTING = "starting"
    RUNNING = "running"
    SOURCE_LOST = "source_lost"
    ENDED = "ended"


class Outcome(StrEnum):
    """Outcome of a frame that was handed over.

    `unknown` may or may not have arrived, and is never sent again; `returned` surely did not, and waits
    again, as does `refused`, until this user gets the right.
    """

    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    UNKNOWN = "unknown"
    RETURNED = "returned"
    REFUSED = "refused"


@dataclass(slots=True)
class Counters:
    """Frames of one session: captured = gated + dropped + failed + acknowledged + unknown + pending."""

    captured: int = 0
    gated: int = 0
    dropped: int = 0
    failed: int = 0
    acknowledged: int = 0
    unknown: int = 0
    buffered: int = 0
    in_flight: int = 0

    @property
    def pending(self) -> int:
        """Return the number of frames without an outcome yet."""
        return self.buffered + self.in_flight

    def as_dict(self) -> dict[str, int]:
        """Return the counters as they are reported."""
        names = ("captured", "gated", "dropped", "failed", "acknowledged", "unknown", "pending")
        return {name: getattr(self, name) for name in names}


Notice = Callable[["CameraStatus"], None]


@dataclass(slots=True)
class CameraStatus:
    """State and counters of one camera's session; safe to use from several threads.

    Attributes:
        camera_id, session: ids of the camera and its session.
        clock: gives UTC.
        notice: called with this status whenever its state changes.
        registration: description of the camera, as status messages hold it.
    """

    camera_id: str
    session: str
    clock: Callable[[], datetime]
    notice: Notice
    registration: Mapping[str, Any] = field(default_factory=dict)
    state: State = State.STARTING
    counters: Counters = field(default_factory=Counters)
    last_error: str | None = None
    last_error_at: datetime | None = None
    last_frame_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, state: State) -> None:
        """Change the state, and call `notice` if it differs. An ended session stays ended."""
        with self._lock:
            if self.state in (state, State.ENDED):
                return
            self.state = state
        self.notice(self)

    def switch_off(self) -> None:
        """Mark the camera as disabled for the next status message."""
        with self._lock:
            self.registration = {**self.registration, "enabled": False}

    def record_error(self, message: str) -> None:
        """Keep the last error, without passwords."""
        with self._lock:
            self.last_error, self.last_error_at = redact(message), self.clock()

    def count_captured(self, at: datetime) -> None:
        """Count a picture that was taken and is buffered."""
        with self._lock:
            self.counters.captured += 1
            self.counters.buffered += 1
            self.last_frame_at = at

    def count_gated(self, at: datetime) -> None:
        """Count a picture that was taken and, since nothing moved, is not sent."""
        with self._lock:
            self.counters.captured += 1
            self.counters.gated += 1
            self.last_frame_at = at

    def count_dropped(self, frames: int = 1) -> None:
        """Count waiting frames that were dropped."""
        with self._lock:
            self.counters.buffered -= frames
            self.counters.dropped += frames

    def count_unsendable(self) -> None:
        """Count a waiting frame that can never be sent."""
        with self._lock:
            self.counters.buffered -= 1
            self.counters.failed += 1

    def count_handed_over(self, frames: int = 1) -> None:
        """Count waiting frames handed to the broker's client; -1 takes one back."""
        with self._lock:
            self.counters.buffered -= frames
            self.counters.in_flight += frames

    def count_settled(self, outcome: Outcome, frames: int = 1) -> None:
        """Count the outcome of handed-over frames."""
        with self._lock:
            self.counters.in_flight -= frames
            setattr(self.counters, outcome.value, getattr(self.counters, outcome.value) + frames)

    def report(self) -> dict[str, Any]:
        """Return state, counters and last error, as the health file holds them."""
        with self._lock:
            return {
                "state": self.state.value,
                **self.counters.as_dict(),
                "session": self.session,
                "last_error": self.last_error,
                "last_error_at": self.last_error_at and rfc3339(self.last_error_at),
                "last_frame_at": self.last_frame_at and rfc3339(self.last_frame_at),
            }

    def message(self) -> dict[str, Any]:
        """Return the report as a message of the topic `camera-status`."""
        head = {"schema": STATUS_SCHEMA, "camera_id": self.camera_id, "at": rfc3339(self.clock())}
        return head | {"camera": dict(self.registration)} | self.report()
