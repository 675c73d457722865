"""What one camera is doing, and the count of its pictures."""

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
    """What a camera is doing."""

    STARTING = "starting"
    RUNNING = "running"
    SOURCE_LOST = "source_lost"
    ENDED = "ended"


class Outcome(StrEnum):
    """What became of a frame that was handed over.

    `unknown` may or may not have arrived, and is never sent again; `returned` surely did not, and waits anew,
    and so does `refused`, until somebody gives this user the right.
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
        """Frames whose fate is not decided yet."""
        return self.buffered + self.in_flight

    def as_dict(self) -> dict[str, int]:
        """The counters as they are reported."""
        names = ("captured", "gated", "dropped", "failed", "acknowledged", "unknown", "pending")
        return {name: getattr(self, name) for name in names}


Notice = Callable[["CameraStatus"], None]


@dataclass(slots=True)
class CameraStatus:
    """State and counters of one camera's session; safe to use from several threads.

    Attributes:
        camera_id, session: whose.
        clock: gives UTC.
        notice: called with this status whenever its state changes.
        registration: what the list says of the camera, as notices tell it.
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
        """Change the state; others are told only when it is another one. An ended session stays so."""
        with self._lock:
            if self.state in (state, State.ENDED):
                return
            self.state = state
        self.notice(self)

    def switch_off(self) -> None:
        """The list no longer wants the camera; the next notice says so."""
        with self._lock:
            self.registration = {**self.registration, "enabled": False}

    def complain(self, message: str) -> None:
        """Keep the last error, without the passwords in it."""
        with self._lock:
            self.last_error, self.last_error_at = redact(message), self.clock()

    def count_captured(self, at: datetime) -> None:
        """A picture was taken and waits for its hand-over."""
        with self._lock:
            self.counters.captured += 1
            self.counters.buffered += 1
            self.last_frame_at = at

    def count_gated(self, at: datetime) -> None:
        """A picture was taken and, since nothing moved, is not sent."""
        with self._lock:
            self.counters.captured += 1
            self.counters.gated += 1
            self.last_frame_at = at

    def count_dropped(self, frames: int = 1) -> None:
        """Waiting frames were given up."""
        with self._lock:
            self.counters.buffered -= frames
            self.counters.dropped += frames

    def count_unsendable(self) -> None:
        """A waiting frame can never be sent."""
        with self._lock:
            self.counters.buffered -= 1
            self.counters.failed += 1

    def count_handed_over(self, frames: int = 1) -> None:
        """A waiting frame was given to the broker's client; -1 takes that back."""
        with self._lock:
            self.counters.buffered -= frames
            self.counters.in_flight += frames

    def count_settled(self, outcome: Outcome, frames: int = 1) -> None:
        """The fate of handed-over frames is known."""
        with self._lock:
            self.counters.in_flight -= frames
            setattr(self.counters, outcome.value, getattr(self.counters, outcome.value) + frames)

    def report(self) -> dict[str, Any]:
        """State, counters and last error, as the health file shows them."""
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
        """The report as it goes to the topic `camera-status`."""
        head = {"schema": STATUS_SCHEMA, "camera_id": self.camera_id, "at": rfc3339(self.clock())}
        return head | {"camera": dict(self.registration)} | self.report()
