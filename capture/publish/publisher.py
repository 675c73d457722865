"""Publisher of frames and status messages, between the buffers and the broker."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from capture.publish.backoff import Backoff
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import CameraStatus, Outcome, State
from capture.publish.kafka_producer import Broker, Message
from capture.publish.last_sent import SentPictures
from lake.contracts.wire_format import FRAMES_TOPIC, STATUS_TOPIC, Frame
from lake.kafka.client import REFUSED_AFTER_S, BrokerAwayError, BrokerRefusedError

LOG: Final = logging.getLogger("capture.publish.publisher")
WINDOW: Final = 8
"""Most frames in flight: also the most that an outage can put in doubt, and that the client may buffer."""
BROKER_SILENT: Final = "the broker stopped answering, frames under way may be lost; is it running?"
NOT_SENT: Final = (Outcome.RETURNED, Outcome.REFUSED)
MAX_NOTICES: Final = 1000
STALL_SECONDS: Final = 1.0
BROKER_SILENT_AFTER_S: Final = 15.0


@dataclass(eq=False, slots=True)
class _Flight:
    """A frame handed over at a monotonic time."""

    buffer: FrameBuffer
    frame: Frame
    since: float


class Publisher:
    """Sends frames of the buffers in turn, a few at a time, and settles their outcome.

    `step` runs in one thread.
    """

    def __init__(
        self,
        broker: Broker,
        pictures: Path,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        backoff: Backoff,
    ) -> None:
        """Send through `broker`, and keep the last sent pictures in folders below `pictures`."""
        self._broker, self._pictures, self._backoff = broker, SentPictures(pictures), backoff
        self._clock, self._monotonic = clock, monotonic
        self._buffers: list[FrameBuffer] = []
        self._notices: deque[tuple[int, Message]] = deque(maxlen=MAX_NOTICES)
        self._posted, self._notices_lock = 0, threading.Lock()
        self._flights: dict[int, _Flight] = {}
        self._lock = threading.Lock()
        self._connected = self._doubtful = False
        self._retry_at = self._doubtful_since = float("-inf")
        self._refusal: str | None = None
        self.last_error: str | None = None

    def add(self, buffer: FrameBuffer) -> None:
        """Add a buffer whose frames are sent."""
        with self._lock:
            self._buffers.append(buffer)

    def remove(self, buffer: FrameBuffer) -> None:
        """Remove a buffer; its waiting frames are dropped and counted."""
        buffer.close()
        with self._lock:
            if buffer in self._buffers:
                self._buffers.remove(buffer)

    def post(self, status: CameraStatus) -> None:
        """Queue a camera's status for the topic `camera-status`; in a long outage the oldest are dropped."""
        value = json.dumps(status.message()).encode()
        with self._notices_lock:
            self._posted += 1
            self._notices.append((self._posted, Message(STATUS_TOPIC, status.camera_id, value, [])))

    def _put_back(self, notice: tuple[int, Message]) -> None:
        """Queue an unsent notice again, before all that were posted after it."""
        with self._notices_lock:
            self._notices = deque(sorted((notice, *self._notices)), maxlen=MAX_NOTICES)

    @property
    def pending(self) -> int:
        """Return the number of messages without an outcome: waiting or in flight."""
        with self._lock:
            frames = sum(buffer.status.counters.pending for buffer in self._buffers)
        return max(frames, len(self._flights)) + len(self._notices)

    def step(self) -> bool:
        """Send what can be sent now; return whether anything was. Blocks only for the broker."""
        if self._doubtful:
            self._reconnect_when_settled()
        if not self._connected and not self._connect():
            return False
        moved = False
        while self._may_send() and self._send_one():
            moved = True
        self._pictures.save_now_and_then(self._monotonic())
        return moved

    def _connect(self) -> bool:
        if self._monotonic() < self._retry_at:
            return False
        try:
            self._broker.connect()
        except BrokerAwayError as error:
            self._schedule_retry(error)
            return False
        self._connected = True
        self._backoff.reset()
        if self._refusal is None:  # else an acknowledged frame must show first that it is lifted
            self._clear_error()
        return True

    def _clear_error(self) -> None:
        if self.last_error is not None:
            LOG.info("the broker is back")
        self.last_error = None

    def _schedule_retry(self, error: BrokerAwayError) -> None:
        refused = isinstance(error, BrokerRefusedError)
        self._retry_at = self._monotonic() + (REFUSED_AFTER_S if refused else self._backoff.next())
        self._report_error(str(error))

    def _report_error(self, message: str) -> None:
        """Log a problem with the broker once, and record it with every running camera."""
        if self.last_error is None:
            LOG.warning("%s", message)
        self.last_error = message
        with self._lock:
            statuses = [buffer.status for buffer in self._buffers]
        for status in statuses:
            if status.state is State.RUNNING:  # a lost source has a reason of its own to show
                status.record_error(self.last_error)

    def _may_send(self) -> bool:
        """Return whether the broker keeps up: few frames in flight, none unanswered for long."""
        with self._lock:
            if not self._connected or self._doubtful or len(self._flights) >= WINDOW:
                return False
            oldest = min((flight.since for flight in self._flights.values()), default=self._monotonic())
            return self._monotonic() - oldest < STALL_SECONDS

    def _send_one(self) -> bool:
        if self._notices:
            return self._send_notice()
        with self._lock:
            buffers = list(self._buffers)
            self._buffers = self._buffers[1:] + self._buffers[:1]
        for buffer in buffers:
            frame = buffer.take()
            if frame is not None:
                return self._send_frame(buffer, frame)
        return False

    def _send_notice(self) -> bool:
        with self._notices_lock:
            notice = self._notices.popleft()
        try:
            self._broker.send(notice[1], lambda outcome, reason: self._settle_notice(notice, outcome, reason))
        except BrokerAwayError as error:
            self._put_back(notice)
            self._disconnect(error)
            return False
        return True

    def _settle_notice(self, notice: tuple[int, Message], outcome: Outcome, reason: str) -> None:
        """Keep a notice that this user may not send; any other outcome is ignored."""
        if outcome is Outcome.REFUSED:
            self._put_back(notice)
            with self._lock:
                self._mark_doubtful(outcome, reason)

    def _lift_refusal(self) -> None:
        if self._refusal is not None:
            self._refusal = None
            self._clear_error()

    def _mark_doubtful(self, outcome: Outcome, reason: str) -> None:
        """Stop sending on this connection; call with the lock held."""
        if outcome is Outcome.REFUSED:
            self._refusal = reason
        if not self._doubtful:
            self._doubtful, self._doubtful_since = True, self._monotonic()

    def _send_frame(self, buffer: FrameBuffer, frame: Frame) -> bool:
        message = Message(FRAMES_TOPIC, frame.camera_id, frame.jpeg, frame.headers(self._clock()))
        flight = _Flight(buffer, frame, self._monotonic())
        with self._lock:
            self._flights[id(flight)] = flight
        try:
            self._broker.send(message, lambda outcome, reason: self._settle(flight, outcome, reason))
        except BrokerAwayError as error:
            with self._lock:
                self._flights.pop(id(flight), None)
            buffer.give_back(frame)
            self._disconnect(error)
            return False
        return True

    def _settle(self, flight: _Flight, outcome: Outcome, reason: str) -> None:
        """Count a frame's outcome, once; called from the broker's thread."""
        with self._lock:
            if self._flights.pop(id(flight), None) is None:
                return
            if outcome is Outcome.ACKNOWLEDGED:
                self._pictures.note(flight.frame)
                self._lift_refusal()
            if outcome in (Outcome.UNKNOWN, *NOT_SENT):
                self._mark_doubtful(outcome, reason)
        if outcome in NOT_SENT:
            flight.buffer.give_back(flight.frame)
            return
        flight.buffer.status.count_settled(outcome)
        if outcome is not Outcome.ACKNOWLEDGED:
            flight.buffer.status.record_error(f"frame {flight.frame.frame_id} {outcome.value}: {reason}")

    def _reconnect_when_settled(self) -> None:
        """Disconnect, for a new connection, once the frames of the old one are settled."""
        error = BrokerAwayError(BROKER_SILENT) if self._refusal is None else BrokerRefusedError(self._refusal)
        if self.last_error is None:
            self._report_error(str(error))
        if self._flights and self._monotonic() - self._doubtful_since < BROKER_SILENT_AFTER_S:
            return
        self._disconnect(error)
        self._abandon_flights()
        self._doubtful = False

    def _disconnect(self, error: BrokerAwayError) -> None:
        self._broker.close(0)
        self._connected = False
        self._schedule_retry(error)

    def _abandon_flights(self) -> None:
        for flight in list(self._flights.values()):
            self._settle(flight, Outcome.UNKNOWN, "no answer")

    def close(self, timeout: float) -> None:
        """Close: waiting frames are dropped, those unanswered after `timeout` seconds are unknown."""
        with self._lock:
            buffers = list(self._buffers)
        for buffer in buffers:
            buffer.close()
        self._broker.close(timeout)
        self._abandon_flights()
        self._pictures.save()
