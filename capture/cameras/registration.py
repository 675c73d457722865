"""Name, place and time zone of a camera, read from its entry in the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from lake.contracts.camera_status_message import MAX_NAME_LENGTH, plain_text
from lake.contracts.time_zones import is_time_zone

KEYS: Final = ("name", "place", "time_zone")


class RegistrationError(ValueError):
    """A name, place or time zone that cannot be used; the message holds it and the cure."""


@dataclass(frozen=True, slots=True)
class Description:
    """Description of a camera for people, from the list; empty where the list has none.

    Attributes:
        name: such as "Front door".
        place: where it is mounted, such as "Hall".
        time_zone: of the place, an IANA name.
    """

    name: str = ""
    place: str = ""
    time_zone: str = ""

    def __post_init__(self) -> None:
        """Refuse text that could not be shown as it is written."""
        for key in ("name", "place"):
            _check_text(key, getattr(self, key))
        if self.time_zone and not is_time_zone(self.time_zone):
            raise RegistrationError(
                f"time_zone = {self.time_zone!r} is no time zone; use a name such as Europe/Berlin"
            )

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """Read the description from an entry of the list.

        Raises:
            RegistrationError: a value that cannot be used.
        """
        values = {key: entry[key] for key in KEYS if key in entry}
        for key, value in values.items():
            if not isinstance(value, str):
                raise RegistrationError(f"{key} = {value!r} must be text")
        return cls(**values)

    def to_message(self, source: str, *, enabled: bool) -> dict[str, Any]:
        """Return the description as status messages hold it.

        Args:
            source: address or path, without passwords.
            enabled: whether the camera is switched on.
        """
        texts = {key: getattr(self, key) or None for key in KEYS}
        return {**texts, "source": source, "enabled": enabled}


def _check_text(key: str, text: str) -> None:
    if text and plain_text(text, MAX_NAME_LENGTH) != text:
        raise RegistrationError(
            f"{key} = {text!r} must be 1-{MAX_NAME_LENGTH} characters in one line, without spaces around"
        )
