"""Runs every camera of the list, follows changes of the list, and reports their status."""

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
        settings: the path of the list, and defaults for its entries.
        publisher: sends the sessions' pictures.
        health: the health file, which reports the status of the cameras.
        start: creates and starts a session for a camera.
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
    _file_version: object = None
    _problem: str | None = None
    _heartbeat_at: float = float("-inf")

    def tick(self) -> None:
        """Follow the list, restart dead sessions, send heartbeats, and write the health file."""
        self._follow_list()
        self._update_sessions()
        self._send_heartbeats()
        self._write_health()

    def _follow_list(self) -> None:
        """Read the list if it changed; an invalid one leaves the cameras unchanged."""
        path = self.settings.cameras
        try:
            ensure_cameras(path)
            stat = path.stat()
            version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if version == self._file_version:
                return
            self._file_version = version
            listed = read_cameras(path, self.settings)
        except (CameraError, OSError) as error:
            problem = redact(str(error))
            if problem != self._problem:
                LOG.error("the cameras stay unchanged: %s", problem)
            self._problem = problem
            return
        self._problem = None
        self._cameras = [camera for camera in listed if camera.enabled]
        self._post_switched_off([camera for camera in listed if not camera.enabled])
        LOG.info("cameras: %s", ", ".join(camera.id for camera in self._cameras) or "none")

    def _post_switched_off(self, cameras: Sequence[Camera]) -> None:
        """Post the registration of disabled cameras, which have no session to post it."""
        for camera in cameras:
            if camera.id not in self.sessions:
                self.publisher.post(
                    CameraStatus(camera.id, "", self.clock, _ignore_change, camera.registration, State.ENDED)
                )

    def _update_sessions(self) -> None:
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
        """End a session; the same camera starts again only when its device is free."""
        session.stop()
        self.publisher.remove(session.buffer)
        self._retiring.append(session)
        del self.sessions[session.camera.id]

    def _send_heartbeats(self) -> None:
        if self.monotonic() - self._heartbeat_at >= HEARTBEAT_SECONDS:
            self._heartbeat_at = self.monotonic()
            for session in self.sessions.values():
                self.publisher.post(session.status)

    def report(self) -> dict[str, Any]:
        """Return the content of the health file."""
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
        """Ask every session to end and wait for all of them, `join_seconds` seconds in total."""
        sessions = [*self.sessions.values(), *self._retiring]
        for session in sessions:
            session.stop()
        until = self.monotonic() + join_seconds
        for session in sessions:
            session.join(max(0.0, until - self.monotonic()))

    def write_last_health(self) -> None:
        """Write the health file with the final counts."""
        self._write_health()


def _ignore_change(_status: CameraStatus) -> None:
    """Ignore a change of state: nobody waits for that of a camera without a session."""
