"""Current state of each camera, and its form for the live page; no Kafka, no web."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from dashboards.data.camera_registry import camera_label
from dashboards.data.feed_messages import AgentReport, FrameResult, SentPicture
from lake.contracts.sentences import line, sentences
from lake.contracts.wire_format import rfc3339

RATE_WINDOW_S: Final = 30.0
SILENT_AFTER: Final = 3.0
"""A camera is silent once this many of its usual intervals pass without a picture."""
SILENT_AFTER_S: Final = 5.0
"""And never before so many seconds."""
STATUS_TIMEOUT_S: Final = 75.0
"""Two heartbeats and some: so long after a word of its agent a camera that sends only what moved is quiet."""
MAX_CAMERAS: Final = 2000
"""The one that was silent longest makes room for another."""
MAX_PICTURE_BYTES: Final = 300_000_000
"""Beyond, the one that was silent longest loses its pictures; a thousand cameras have 200 MB of them."""
PAGE_SIZE: Final = 24
"""On one page; so many are shown newest first, more of them by their names, an order that stands still."""


@dataclass(slots=True)
class Camera:
    """Newest data of one camera; all times are UTC, of the broker's appends."""

    camera_id: str
    arrivals: deque[datetime] = field(default_factory=lambda: deque(maxlen=120))
    sent: SentPicture | None = None
    seen: FrameResult | None = None
    seen_at: datetime | None = None
    annotated: bytes | None = None
    annotated_frame: str = ""
    report: AgentReport | None = None
    report_at: datetime | None = None

    @property
    def picture_bytes(self) -> int:
        """Return the memory taken by its pictures, in bytes."""
        return len(self.sent.jpeg if self.sent else b"") + len(self.annotated or b"")

    @property
    def last_at(self) -> datetime | None:
        """Return when its newest picture came."""
        return self.arrivals[-1] if self.arrivals else None

    @property
    def name(self) -> str:
        """Return its name for people, with place and id."""
        registration = self.report.registration if self.report else None
        return (
            camera_label(self.camera_id, registration.name, registration.place)
            if registration
            else self.camera_id
        )

    def frames_per_second(self, now: datetime) -> float:
        """Return the frame rate over the last half minute, or since the first picture if shorter."""
        recent = [at for at in self.arrivals if (now - at).total_seconds() <= RATE_WINDOW_S]
        if len(recent) < 2:
            return len(recent) / RATE_WINDOW_S
        return (len(recent) - 1) / max((recent[-1] - recent[0]).total_seconds(), 1e-3)

    def patience_s(self) -> float:
        """Return seconds without a picture until it is silent: a camera may send one a minute."""
        times = list(self.arrivals)[-10:]
        gaps = sorted((b - a).total_seconds() for a, b in pairwise(times))
        usual = gaps[len(gaps) // 2] if gaps else 0.0
        return max(SILENT_AFTER * usual, SILENT_AFTER_S)

    def state(self, now: datetime) -> str:
        """Return online, silent, ended, source_lost, or starting while nothing came yet."""
        if self.report and self.report.state in ("ended", "source_lost"):
            return self.report.state
        if self.last_at is None:
            return "starting"
        fresh = (now - self.last_at).total_seconds() <= self.patience_s()
        return "online" if fresh or self._is_quiet(now) else "silent"

    def _is_quiet(self, now: datetime) -> bool:
        """Return whether it holds back still pictures and its agent reports that it is running."""
        if not (self.sent and self.sent.gated and self.report and self.report_at):
            return False
        return self.report.state == "running" and (now - self.report_at).total_seconds() <= STATUS_TIMEOUT_S


class Cameras:
    """Newest data of all cameras, bounded whatever arrives."""

    def __init__(self) -> None:
        self._known: dict[str, Camera] = {}
        """Longest silent first."""
        self._bytes = 0

    def get(self, camera_id: str) -> Camera | None:
        """Return a known camera."""
        return self._known.get(camera_id)

    def _of(self, camera_id: str) -> Camera:
        if camera_id not in self._known and len(self._known) >= MAX_CAMERAS:
            oldest = next(iter(self._known))
            self._bytes -= self._known.pop(oldest).picture_bytes
        return self._known.setdefault(camera_id, Camera(camera_id))

    def _keep(self, camera: Camera, before: int) -> None:
        """Update the total size, `before` being the camera's old one; evict pictures beyond the limit."""
        self._known[camera.camera_id] = self._known.pop(camera.camera_id)
        self._bytes += camera.picture_bytes - before
        for silent in self._known.values():
            if self._bytes <= MAX_PICTURE_BYTES or silent is camera:
                return
            self._bytes -= silent.picture_bytes
            silent.sent = silent.annotated = None
            silent.annotated_frame = ""

    def take_sent(self, picture: SentPicture, at: datetime) -> None:
        """Store a frame; across partitions the later record wins, within a session the later picture."""
        camera = self._of(picture.camera_id)
        before = camera.picture_bytes
        if camera.last_at is None or at >= camera.last_at:
            camera.arrivals.append(at)
            if camera.sent is None or picture.follows(camera.sent):
                camera.sent = picture
            self._keep(camera, before)

    def take_seen(self, result: FrameResult, at: datetime) -> None:
        """Store a result; its picture stays until a later one brings another."""
        camera = self._of(result.camera_id)
        if camera.seen_at is not None and at < camera.seen_at:
            return
        before = camera.picture_bytes
        camera.seen, camera.seen_at = result, at
        if result.jpeg is not None:
            camera.annotated, camera.annotated_frame = result.jpeg, result.frame_id
        self._keep(camera, before)

    def take_report(self, report: AgentReport, at: datetime) -> None:
        """Store an agent's notice; a camera that is switched off and sent nothing is not shown."""
        off = report.registration is not None and not report.registration.enabled
        if not off or report.camera_id in self._known:
            camera = self._of(report.camera_id)
            camera.report, camera.report_at = report, at

    def states(self, now: datetime) -> list[str]:
        """Return the state of each camera."""
        return [camera.state(now) for camera in self._known.values()]

    def told(self, now: datetime, find: str = "", first: int = 0) -> Mapping[str, Any]:
        """Return a page of cameras as plain values.

        Args:
            now: UTC.
            find: part of a name, place or id, or one of the states; nothing finds all.
            first: number of the first camera of the page, from 0; beyond the end the last page is meant.

        Returns:
            `cameras` of the page, how many were `found`, the number of the `first`, and the most `at_once`.
        """
        matches = [camera for camera in self._known.values() if _matches(camera, find.casefold(), now)]
        matches.sort(key=lambda camera: (camera.name.casefold(), camera.camera_id))
        if len(matches) <= PAGE_SIZE:
            matches.sort(
                key=lambda camera: camera.last_at.timestamp() if camera.last_at else 0.0, reverse=True
            )
        start = max(0, min(first, len(matches) - 1)) // PAGE_SIZE * PAGE_SIZE
        page = [_camera_to_dict(camera, now) for camera in matches[start : start + PAGE_SIZE]]
        return {"cameras": page, "found": len(matches), "first": start, "at_once": PAGE_SIZE}


def _matches(camera: Camera, find: str, now: datetime) -> bool:
    return not find or find in camera.name.casefold() or find == camera.state(now).replace("_", " ")


def _camera_to_dict(camera: Camera, now: datetime) -> dict[str, Any]:
    result, last = camera.seen, camera.last_at
    objects = [] if result is None else result.objects
    return {
        "camera": camera.camera_id,
        "name": camera.name,
        "state": camera.state(now),
        "error": camera.report.last_error if camera.report else None,
        "last_at": rfc3339(last) if last else None,
        "age_s": round((now - last).total_seconds(), 1) if last else None,
        "frames_per_second": round(camera.frames_per_second(now), 2),
        "latency_s": round(result.latency_s, 2) if result and result.latency_s is not None else None,
        "sent": camera.sent.frame_id if camera.sent else None,
        "annotated": camera.annotated_frame or None,
        "result": result.frame_id if result else None,
        "result_age_s": round((now - camera.seen_at).total_seconds(), 1) if camera.seen_at else None,
        "objects": [line(thing) for thing in objects],
        "sentences": sentences(objects) if result else [],
    }
