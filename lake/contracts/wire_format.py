"""The wire format: topics, frames, statuses and limits. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

FRAMES_TOPIC: Final = "pycturestream"
RESULTS_TOPIC: Final = "resultstream"
OUTCOMES_TOPIC: Final = "frame-outcomes"
STATUS_TOPIC: Final = "camera-status"
IMPORTED_TOPIC: Final = "imported"
"""No topic of Kafka: marks events of the first version, which have neither a picture nor boxes."""
SYNTHETIC_TOPIC: Final = "synthetic"
"""No topic of Kafka either: marks the drawn history, whose frames hold no bytes."""
SPEED_QUERY: Final = "detect_objects"
"""Streaming query that settles each frame; a range that it could not read excuses a missing row."""

FRAME_SCHEMA: Final = "frame/1"
LEGACY: Final = "legacy"
"""Stands where FRAME_SCHEMA does, for the JSON that clients of the first version send."""
RESULT_SCHEMA: Final = "result/1"
OUTCOME_SCHEMA: Final = "outcome/1"

CAMERA_ID: Final = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(?![\s\S])")
"""Java reads it too; the end is written so because `$` lets a line break pass in both languages."""
MAX_PICTURE_BYTES: Final = 8 * 1024 * 1024
MAX_PICTURE_PIXELS: Final = 40_000_000
MAX_MESSAGE_BYTES: Final = 12 * 1024 * 1024
STORED_SCORE: Final = 0.2
"""Objects below this score are never stored."""

MINUTE_MS, HOUR_MS, GIB = 60_000, 3_600_000, 1024**3
TOPICS: Final[dict[str, dict[str, str]]] = {
    FRAMES_TOPIC: {
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "retention.ms": str(24 * HOUR_MS),
        "retention.bytes": str(GIB),
    },
    RESULTS_TOPIC: {
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "retention.ms": str(24 * HOUR_MS),
        "retention.bytes": str(GIB),
    },
    OUTCOMES_TOPIC: {"retention.ms": str(7 * 24 * HOUR_MS), "retention.bytes": str(GIB // 4)},
    STATUS_TOPIC: {
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(7 * 24 * HOUR_MS),
        "retention.bytes": str(GIB // 16),
    },
}
"""Topic → configuration. `retention.bytes` counts for each of the two partitions."""
TOPIC_PARTITIONS: Final = 2


class Status(StrEnum):
    """Outcome of a record; every record ends in exactly one of these, or in an expired range."""

    DETECTED = "detected"
    SKIPPED_STALE = "skipped_stale"
    SKIPPED_SUPERSEDED = "skipped_superseded"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    FAILED = "failed"


class MalformedFrameError(ValueError):
    """A frame's metadata is invalid; the message names the field, its value and what fits."""


def rfc3339(moment: datetime) -> str:
    """Format a moment as RFC 3339 UTC with microseconds.

    >>> rfc3339(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    '2026-01-02T03:04:05.000006Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: object) -> datetime | None:
    """Parse an RFC 3339 text as UTC; None for anything else.

    >>> moment("2026-01-02T03:04:05Z")
    datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    """
    try:
        read = datetime.fromisoformat(str(text))
        return read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError):  # the second where UTC would lie before the year 1
        return None


def check_camera_id(camera_id: str) -> str:
    """Return the id if it is a valid camera id.

    Raises:
        MalformedFrameError: it is empty, too long, or could be mistaken for a path.
    """
    if not CAMERA_ID.match(camera_id):
        raise MalformedFrameError(
            f"camera id {camera_id!r} must be 1-64 letters, digits or '_-.', not starting with '.' or '-'"
        )
    return camera_id


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from one camera, as an agent sends it.

    Attributes:
        camera_id: key of the message.
        session: random id of the agent's run; with `sequence` it makes the frame unique.
        sequence: counts up from 0 with every captured picture of the session.
        captured_at: UTC, the agent's clock, when the picture was taken.
        width, height: pixels.
        jpeg: the encoded picture.
        motion: share of the picture that moved, 0..1; None where the agent does not measure it.
    """

    camera_id: str
    session: str
    sequence: int
    captured_at: datetime
    width: int
    height: int
    jpeg: bytes
    motion: float | None = None

    @property
    def frame_id(self) -> str:
        """Return the id that is unique over all cameras and time."""
        return f"{self.camera_id}/{self.session}/{self.sequence}"

    def headers(self, sent_at: datetime) -> list[tuple[str, bytes]]:
        """Return the message's headers; `sent_at` is stamped at hand-over to Kafka."""
        values: dict[str, object] = {
            "schema": FRAME_SCHEMA,
            "frame_id": self.frame_id,
            "captured_at": rfc3339(self.captured_at),
            "sent_at": rfc3339(sent_at),
            "session": self.session,
            "sequence": self.sequence,
            "width": self.width,
            "height": self.height,
        }
        if self.motion is not None:
            values["motion"] = f"{self.motion:.4f}"
        return [(name, str(value).encode()) for name, value in values.items()]
