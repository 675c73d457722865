"""One camera's session: its source, buffer, status and the thread that runs them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import datetime

from capture.agent.camera_loop import CameraLoop
from capture.cameras.cameras import Camera
from capture.cameras.settings import CaptureSettings
from capture.publish.backoff import Backoff
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import CameraStatus, Notice
from capture.sources.source import Source


class Session:
    """A camera from its start to its end; a changed camera is a new session."""

    def __init__(
        self,
        camera: Camera,
        source: Source,
        settings: CaptureSettings,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        notice: Notice,
    ) -> None:
        """Prepare the session; `notice` is called on every change of its state."""
        self.camera = camera
        self._stop = threading.Event()
        session_id = f"{random.getrandbits(48):012x}"
        self.status = CameraStatus(camera.id, session_id, clock, notice, camera.registration)
        self.buffer = FrameBuffer(
            self.status, settings.buffer_frames, settings.buffer_bytes, live=camera.is_live
        )
        backoff = Backoff(random.random)
        loop = CameraLoop(
            camera, source, self.buffer, self.status, clock, monotonic, self._stop.wait, backoff
        )
        self._thread = threading.Thread(target=loop.run, name=f"camera-{camera.id}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Request the end without waiting for it."""
        self._stop.set()

    def join(self, timeout: float) -> None:
        """Wait for the end, at most `timeout` seconds."""
        self._thread.join(timeout)

    @property
    def alive(self) -> bool:
        """Return whether the camera's thread still runs."""
        return self._thread.is_alive()
