"""Keeps every camera of the list going, follows changes of the list, and tells how they are."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from capture.agent.session import Session
from capture.cameras.cameras import Camera, CameraError, read_cameras
from capture.cameras.cameras_file import ensure_cameras
from capture.cameras.redaction import redact
from capture.cameras.settings import CaptureSettings
from capture.publish.camera_status import CameraStatus, State
from capture.publish.publisher import Publisher
from lake.contracts.wire_format import rfc3339
from lake.storage.files import write_atomically

LOG: Final = logging.getLogger("capture.agent.agent")
HEARTBEAT_SECONDS: Final = 30.0


@dataclass(slots=True)
class Agent:
    """The supervised agent; `tick` is called about once a second and never waits.

    Attributes:
        settings: where the list is, and what its entries leave out.
        publisher: sends what the sessions take.
        health: the file that tells others how the cameras are.
        start: makes a session of a camera and starts it.
        clock, monotonic: UTC, and seconds.
        pid: this process.
    """

    settings: CaptureSettings
    publisher: Publisher
    health: Path
    start: Callable[[Camera], Session]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    pid: int
    sessions: dict[str, Session] = field(default_factory=dict)
    _retiring: list[Session] = field(default_factory=list)
    _cameras: list[Camera] = field(default_factory=list)
    _seen: object = None
    _problem: str | None = None
    _heartbeat_at: float = float("-inf")

    def tick(self) -> None:
        """Follow the list, revive what died, send heartbeats, write the health file."""
        self._follow_list()
        self._tend()
        self._beat()
        self._write_health()

    def _follow_list(self) -> None:
        """Read the list if it changed; a broken one leaves the cameras as they are."""
        path = self.settings.cameras
        try:
            ensure_cameras(path)
            stat = path.stat()
            now = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if now == self._seen:
                return
            self._seen = now
            listed = read_cameras(path, self.settings)
        except (CameraError, OSError) as error:
            problem = redact(str(error))
            if problem != self._problem:
                LOG.error("the cameras stay as they are: %s", problem)
            self._problem = problem
            return
        self._problem = None
        self._cameras = [camera for camera in listed if camera.enabled]
        self._tell_switched_off([camera for camera in listed if not camera.enabled])
        LOG.info("cameras: %s", ", ".join(camera.id for camera in self._cameras) or "none")

    def _tell_switched_off(self, cameras: Sequence[Camera]) -> None:
        """Register cameras that have no session to do so."""
        for camera in cameras:
            if camera.id not in self.sessions:
                self.publisher.post(
                    CameraStatus(camera.id, "", self.clock, _silent, camera.registration, State.ENDED)
                )

    def _tend(self) -> None:
        wanted = {camera.id: camera for camera in self._cameras}
        for camera_id, session in list(self.sessions.items()):
            if camera_id not in wanted:
                session.status.switch_off()
                self.publisher.post(session.status)
            if wanted.get(camera_id) != session.camera:
                self._retire(session)
            elif not session.alive and session.status.state is not State.ENDED:
                LOG.error("camera %s stopped by itself and is started anew", camera_id)
                self._retire(session)
        self._retiring = [session for session in self._retiring if session.alive]
        busy = {session.camera.id for session in self._retiring} | set(self.sessions)
        for camera_id, camera in wanted.items():
            if camera_id not in busy:
                self.sessions[camera_id] = self.start(camera)
                self.publisher.add(self.sessions[camera_id].buffer)

    def _retire(self, session: Session) -> None:
        """End a session; the same camera begins anew only when the device is free again."""
        session.stop()
        self.publisher.remove(session.buffer)
        self._retiring.append(session)
        del self.sessions[session.camera.id]

    def _beat(self) -> None:
        if self.monotonic() - self._heartbeat_at >= HEARTBEAT_SECONDS:
            self._heartbeat_at = self.monotonic()
            for session in self.sessions.values():
                self.publisher.post(session.status)

    def report(self) -> dict[str, Any]:
        """The health file's content."""
        return {
            "pid": self.pid,
            "updated_at": rfc3339(self.clock()),
            "broker": self.publisher.last_error,
            "problem": self._problem,
            "cameras": {camera_id: session.status.report() for camera_id, session in self.sessions.items()},
        }

    def _write_health(self) -> None:
        try:
            write_atomically(self.health, json.dumps(self.report(), indent=1).encode())
        except OSError as error:
            LOG.warning("the health file cannot be written: %s", error)

    def stop(self, join_seconds: float) -> None:
        """Ask every session to end and give all of them together some seconds for it."""
        sessions = [*self.sessions.values(), *self._retiring]
        for session in sessions:
            session.stop()
        until = self.monotonic() + join_seconds
        for session in sessions:
            session.join(max(0.0, until - self.monotonic()))

    def write_last_health(self) -> None:
        """The final counts."""
        self._write_health()


def _silent(_status: CameraStatus) -> None:
    """Nobody waits for a change of a camera without a session."""
