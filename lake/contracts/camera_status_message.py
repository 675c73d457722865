"""What an agent says of its camera on the topic `camera-status`, checked before it is believed."""

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
    """A record of `camera-status` that is no notice; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What the list of an agent says of a camera; None where it says nothing.

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
    def read(cls, said: object) -> Self | None:
        """Out of the part `camera` of a notice; None where there is none, as in those of older agents."""
        if not isinstance(said, dict):
            return None
        zone = said.get("time_zone")
        return cls(
            plain_text(said.get("name"), MAX_NAME_LENGTH),
            plain_text(said.get("place"), MAX_NAME_LENGTH),
            zone if isinstance(zone, str) and is_time_zone(zone) else None,
            plain_text(said.get("source"), MAX_TEXT_LENGTH),
            said.get("enabled") is not False,
        )


@dataclass(frozen=True, slots=True)
class CameraStatusMessage:
    """A heartbeat or change of state.

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
    """The notice in a record.

    Raises:
        MalformedNoticeError: it is none.
    """
    try:
        said = json.loads(value or b"")
        camera_id = check_camera_id((key or b"").decode(errors="replace"))
    except (MalformedFrameError, ValueError, RecursionError) as error:
        raise MalformedStatusMessageError(f"{error}") from error
    if not isinstance(said, dict) or said.get("state") not in STATES:
        raise MalformedStatusMessageError(f"camera {camera_id} is in none of the states {', '.join(STATES)}")
    at = moment(said.get("at"))
    if at is None:
        raise MalformedStatusMessageError(f"camera {camera_id} speaks at no time, or at one without its zone")
    return CameraStatusMessage(
        camera_id,
        at,
        said["state"],
        plain_text(said.get("session"), MAX_SESSION_LENGTH),
        {name: _count(camera_id, name, said[name]) for name in COUNTERS if said.get(name) is not None},
        plain_text(said.get("last_error"), MAX_TEXT_LENGTH),
        moment(said.get("last_error_at")),
        moment(said.get("last_frame_at")),
        Registration.read(said.get("camera")),
    )


def _count(camera_id: str, name: str, said: Any) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= MAX_COUNTER:
        raise MalformedStatusMessageError(
            f"camera {camera_id} has counted {str(said)[:40]!r} {name}: no number"
        )
    return said


def plain_text(said: object, longest: int) -> str | None:
    """Text in one line that can be stored and shown everywhere; None where nothing is left of it.

    >>> plain_text(" Front  door ", 80)
    'Front door'
    """
    if not isinstance(said, str):
        return None
    shown = "".join(letter if letter.isprintable() else " " for letter in said[: 4 * longest])
    return " ".join(shown.split())[:longest].strip() or None
