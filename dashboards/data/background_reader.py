"""Periodic reading in a background thread, only while somebody looks at the result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Generic, TypeVar

import pyarrow as pa
from deltalake.exceptions import DeltaError

WATCHED: Final = timedelta(minutes=2)
"""So long after a look it is still read."""
LATE: Final = timedelta(seconds=30)
"""What was not read for so long beyond its turn is old."""
REST_FACTOR: Final = 10
"""A reading that takes long is followed by a rest of so many times its length."""
REFUSED: Final = (DeltaError, pa.ArrowException, OSError, LookupError, ValueError)
"""How tables, the broker and other programs fail to answer."""
POLL_INTERVAL_S: Final = 0.2
STOP_TIMEOUT_S: Final = 10.0
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Reading(Generic[Value]):
    """Result of the last reading.

    Attributes:
        value: None before the first reading.
        read_at: UTC, when `value` was read; None before the first reading.
        error: why the newest reading failed; empty when it did not.
        version: another one when value or error are others.
        old: whether it should have been read again long ago.
    """

    value: Value | None = None
    read_at: datetime | None = None
    error: str = ""
    version: int = 0
    old: bool = False


class BackgroundReader(Generic[Key, Value]):
    """Cache of the newest reading of each key that was ever requested; there must be few keys.

    Args:
        name: of it, for its thread and for people.
        every: the least time between the end of a reading and the next.
        read: reads one of them at a moment, UTC.
        clock: the time now, UTC.
    """

    def __init__(
        self,
        name: str,
        every: timedelta,
        read: Callable[[Key, datetime], Value],
        clock: Callable[[], datetime],
    ) -> None:
        self.name, self._every, self._read, self._clock = name, every, read, clock
        self._kept: Mapping[Key, Reading[Value]] = MappingProxyType({})
        self._asked: dict[Key, datetime] = {}
        self._due: dict[Key, float] = {}
        self._wake, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, which waits for the first request."""
        self._thread.start()

    def end(self) -> None:
        """Begin no further reading."""
        self._ended.set()
        self._wake.set()

    def stop(self) -> None:
        """End the thread, waiting a limited time for a reading in progress."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)

    def now(self, key: Key) -> Reading[Value]:
        """Return the cached reading of a key and schedule a refresh."""
        now = self._clock()
        self._asked[key] = now
        self._wake.set()
        return self._aged(self._kept.get(key, Reading()), now)

    def newest(self) -> Reading[Value]:
        """Return the newest reading of any key, without scheduling a refresh."""
        tried = sorted(
            self._kept.values(), key=lambda reading: reading.read_at.timestamp() if reading.read_at else 0.0
        )
        return self._aged(tried[-1] if tried else Reading(), self._clock())

    def read_due(self) -> None:
        """Read every requested key whose turn it is."""
        now = self._clock()
        for key, requested_at in list(self._asked.items()):
            if now - requested_at > WATCHED:
                del self._asked[key]
                self._due.pop(key, None)
            elif time.monotonic() >= self._due.get(key, 0.0) and not self._ended.is_set():
                began = time.monotonic()
                self._kept = MappingProxyType(dict(self._kept) | {key: self._read_or_say(key)})
                ended = time.monotonic()
                self._due[key] = ended + max(self._every.total_seconds(), REST_FACTOR * (ended - began))

    def _aged(self, reading: Reading[Value], now: datetime) -> Reading[Value]:
        if not self._thread.is_alive():
            return replace(reading, error=reading.error or f"reading of {self.name} has ended: restart")
        old = reading.read_at is not None and now - reading.read_at > self._every + LATE
        return replace(reading, old=old)

    def _read_or_say(self, key: Key) -> Reading[Value]:
        previous, now = self._kept.get(key, Reading()), self._clock()
        try:
            value = self._read(key, now)
        except REFUSED as error:
            message = str(error) or repr(error)
            return replace(previous, error=message, version=previous.version + (message != previous.error))
        same = value == previous.value and not previous.error and previous.read_at is not None
        return Reading(value, now, version=previous.version + (not same))

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.wait()
            self._wake.clear()
            while self._asked and not self._ended.wait(POLL_INTERVAL_S):
                self.read_due()
