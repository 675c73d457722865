"""Files of the last picture of each camera that the broker acknowledged."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Final

from lake.contracts.wire_format import Frame
from lake.storage.files import write_atomically

LOG: Final = logging.getLogger("capture.publish.publisher")
SAVE_INTERVAL_S: Final = 1.0


class SentPictures:
    """Collects pictures from any thread, and saves them from one."""

    def __init__(self, folder: Path) -> None:
        """Save in folders of the cameras below `folder`."""
        self._folder = folder
        self._sent: dict[str, Frame] = {}
        self._unsaved: set[str] = set()
        self._lock = threading.Lock()
        self._saved_at = float("-inf")

    def note(self, frame: Frame) -> None:
        """Keep the newest picture; older ones from an outage are sent after it."""
        with self._lock:
            last = self._sent.get(frame.camera_id)
            if last is None or last.session != frame.session or last.sequence < frame.sequence:
                self._sent[frame.camera_id] = frame
                self._unsaved.add(frame.camera_id)

    def save_now_and_then(self, monotonic: float) -> None:
        """Save the newest pictures, about once a second; `monotonic` in seconds."""
        if monotonic - self._saved_at >= SAVE_INTERVAL_S:
            self._saved_at = monotonic
            self.save()

    def save(self) -> None:
        """Save the newest picture of each camera."""
        with self._lock:
            unsaved = [self._sent[camera_id] for camera_id in self._unsaved]
            self._unsaved.clear()
        for frame in unsaved:
            try:
                write_atomically(self._folder / frame.camera_id / "sent.jpg", frame.jpeg)
            except OSError as error:
                LOG.warning("the last picture of %s cannot be saved: %s", frame.camera_id, error)
