"""Notices of agents about their cameras on topic `camera-status`, validated on reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from lake.contracts.time_zones import is_time_zone
from lake.contracts.wire_format import MalformedFrameError, check_camera_id, moment

STATES: Final = ("starting", "running", "source_lost", "ended")
COUNTERS: Final = ("captured", "gated", "dropped", "failed", "acknowledged", "unknown", "pending")
MAX_NAME_LENGTH: Final = 80
"""Characters of a camera's name, and of its place."""
MAX_SESSION_LENGTH: Final = 64
MAX_TEXT_LENGTH: Final = 500
MAX_COUNTER: Final = 2**53
"""No counter reaches it; JSON knows no larger whole number for certain."""


class MalformedStatusMessageError(ValueError):
    """A record of `camera-status` is no valid notice; the message names the fault."""


@dataclass(frozen=True, slots=True)
class Registration:
    """Description of a camera from the agent's list; None where the list has no value.

    Attributes:
        name: for people, such as "Front door".
        place: where it hangs.
        time_zone: of the place, an IANA name.
        source: where its pictures come from, without passwords.
        enabled: whether it is switched on.
    """

    name: str | None
    place: str | None
    time_zone: str | None
    source: str | None
    enabled: bool

    @classmethod
    def read(cls, part: object) -> Self | None:
        """Read the part `camera` of a notice; None if missing, as in notices of older agents."""
        if not isinstance(part, dict):
            return None
        zone = part.get("time_zone")
        return cls(
            plain_text(part.get("name"), MAX_NAME_LENGTH),
            plain_text(part.get("place"), MAX_NAME_LENGTH),
            zone if isinstance(zone, str) and is_time_zone(zone) else None,
            plain_text(part.get("source"), MAX_TEXT_LENGTH),
            part.get("enabled") is not False,
        )


@dataclass(frozen=True, slots=True)
class CameraStatusMessage:
    """A heartbeat or a change of state.

    Attributes:
        camera_id: the camera.
        at: UTC, by the clock of its agent.
        state: one of STATES.
        session: random id of the agent's run of this camera, in which the counters count up; None if unsaid.
        counters: the COUNTERS that it names.
        last_error: the newest, without passwords; None where there is none.
        last_error_at, last_frame_at: UTC, by the clock of its agent; None where there was none.
        registration: what the list says of the camera; None if unsaid.
    """

    camera_id: str
    at: datetime
    state: str
    session: str | None
    counters: Mapping[str, int]
    last_error: str | None
    last_error_at: datetime | None
    last_frame_at: datetime | None
    registration: Registration | None


def read_notice(key: bytes | None, value: bytes | None) -> CameraStatusMessage:
    """Parse the notice in a record.

    Raises:
        MalformedNoticeError: it is none.
    """
    try:
        notice = json.loads(value or b"")
        camera_id = check_camera_id((key or b"").decode(errors="replace"))
    except (MalformedFrameError, ValueError, RecursionError) as error:
        raise MalformedStatusMessageError(f"{error}") from error
    if not isinstance(notice, dict) or notice.get("state") not in STATES:
        raise MalformedStatusMessageError(f"camera {camera_id} is in none of the states {', '.join(STATES)}")
    at = moment(notice.get("at"))
    if at is None:
        raise MalformedStatusMessageError(f"camera {camera_id} speaks at no time, or at one without its zone")
    return CameraStatusMessage(
        camera_id,
        at,
        notice["state"],
        plain_text(notice.get("session"), MAX_SESSION_LENGTH),
        {name: _count(camera_id, name, notice[name]) for name in COUNTERS if notice.get(name) is not None},
        plain_text(notice.get("last_error"), MAX_TEXT_LENGTH),
        moment(notice.get("last_error_at")),
        moment(notice.get("last_frame_at")),
        Registration.read(notice.get("camera")),
    )


def _count(camera_id: str, name: str, notice: Any) -> int:
    if isinstance(notice, bool) or not isinstance(notice, int) or not 0 <= notice <= MAX_COUNTER:
        raise MalformedStatusMessageError(
            f"camera {camera_id} has counted {str(notice)[:40]!r} {name}: no number"
        )
    return notice


def plain_text(text: object, longest: int) -> str | None:
    """Return text as one line safe to store and show anywhere; None if nothing is left.

    >>> plain_text(" Front  door ", 80)
    'Front door'
    """
    if not isinstance(text, str):
        return None
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * longest])
    return " ".join(printable.split())[:longest].strip() or None
