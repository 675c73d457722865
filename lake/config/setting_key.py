"""Definition of one setting: kind, default, range and meaning, and why a value is refused."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

HOST_NAME: Final = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", re.IGNORECASE)
BUCKET: Final = re.compile(r"s3a?://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.=-]+)*/?", re.ASCII)
ENDPOINT: Final = re.compile(r"https?://[\w.\[\]:-]+/?", re.ASCII)
MASK: Final = "***"
USER: Final = re.compile(r"//[^/@]*@")
EVERY: Final = "every program"


class Kind(StrEnum):
    """Type of a value; `WHOLE` is a number without a fraction, `PATH` a file or folder."""

    TEXT = "text"
    PATH = "path"
    NUMBER = "number"
    WHOLE = "whole number"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Key:
    """One setting.

    Attributes:
        name: behind `PYCTURESTREAM_` in the environment; in lower case the key in `pycturestream.toml`.
        kind: of its values.
        default: None where it is computed, or where there is none.
        meaning: one sentence, with the unit.
        programs: that read it, by their folders; `every program` for what all share.
        unset: what holds without a value where `default` is None.
        low, high: the range of a number, both allowed.
        allowed: the words of a choice.
        fault: says why a text cannot be used, None where it can.
        secret: shown to nobody; its value may also stand in the file that `<name>_FILE` names.
    """

    name: str
    kind: Kind
    default: str | float | None
    meaning: str
    programs: tuple[str, ...]
    unset: str = ""
    low: float = 0
    high: float = 0
    allowed: tuple[str, ...] = ()
    fault: Callable[[str], str | None] = lambda _value: None
    secret: bool = False

    def refusal(self, value: str) -> str | None:
        """Return why this value is refused, to follow `NAME='value'`; None if it is valid."""
        if self.kind is Kind.CHOICE:
            return None if value in self.allowed else f"must be {self.range}"
        if self.kind in (Kind.NUMBER, Kind.WHOLE):
            return None if self._holds(value) else f"must be {self.range}"
        return self.fault(value)

    @property
    def range(self) -> str:
        """Return the valid values in words; empty if any text is valid."""
        if self.kind is Kind.CHOICE:
            return f"one of: {', '.join(self.allowed)}"
        if self.kind in (Kind.NUMBER, Kind.WHOLE):
            return f"a {self.kind} from {self.low:.12g} to {self.high:.12g}"
        return ""

    @property
    def default_text(self) -> str:
        """Return the default as it would be written; empty if there is none."""
        return f"{self.default:.12g}" if isinstance(self.default, float | int) else self.default or ""

    def shown(self, value: str) -> str:
        """Return the value for display: nothing of a secret, and a URL without its user."""
        return MASK if self.secret else USER.sub(f"//{MASK}@", value)

    def _holds(self, value: str) -> bool:
        try:
            number = float(value)
        except ValueError:
            return False
        return self.low <= number <= self.high and (self.kind is Kind.NUMBER or number.is_integer())


def text(
    name: str,
    default: str | None,
    programs: tuple[str, ...],
    meaning: str,
    *,
    unset: str = "",
    fault: Callable[[str], str | None] = lambda _value: None,
    secret: bool = False,
) -> Key:
    """Define a text setting; `fault` returns what is wrong with a value, if anything."""
    return Key(name, Kind.TEXT, default, meaning, programs, unset=unset, fault=fault, secret=secret)


def path(name: str, default: str | None, programs: tuple[str, ...], meaning: str, *, unset: str = "") -> Key:
    """Define a file or folder; a relative one in a file is resolved against that file's folder."""
    return Key(name, Kind.PATH, default, meaning, programs, unset=unset)


def choice(name: str, allowed: tuple[str, ...], programs: tuple[str, ...], meaning: str) -> Key:
    """Define a setting with fixed words; the first is the default unless given."""
    return Key(name, Kind.CHOICE, allowed[0], meaning, programs, allowed=allowed)


def number(
    name: str, default: float, low: float, high: float, programs: tuple[str, ...], meaning: str
) -> Key:
    """Define a number setting in `low..high`."""
    return Key(name, Kind.NUMBER, default, meaning, programs, low=low, high=high)


def whole(name: str, default: int, low: int, high: int, programs: tuple[str, ...], meaning: str) -> Key:
    """Define a whole-number setting in `low..high`."""
    return Key(name, Kind.WHOLE, default, meaning, programs, low=low, high=high)


def port(name: str, default: int, programs: tuple[str, ...], meaning: str) -> Key:
    """Define a port setting."""
    return whole(name, default, 1, 65_535, programs, meaning)


def server_problem(value: str) -> str | None:
    """Return what is wrong with server addresses, host:port separated by commas."""
    ports = [server.strip().rpartition(":")[2] for server in value.split(",")]
    if all(port.isdigit() for port in ports):
        return None
    return "has no port; write it as 127.0.0.1:9092, several with commas"


def bucket_problem(value: str) -> str | None:
    """Return what is wrong with the URL of a folder in a bucket, to follow the value."""
    return None if BUCKET.fullmatch(value) else "names no bucket; write it as s3a://bucket/folder"


def endpoint_problem(value: str) -> str | None:
    """Return what is wrong with the address of an S3-compatible store."""
    return None if ENDPOINT.fullmatch(value) else "must be written as https://host:port"


def zone_problem(value: str) -> str | None:
    """Return what is wrong with a time zone."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "is no time zone; use a name such as Europe/Berlin"
    return None


def function_problem(value: str) -> str | None:
    """Return what is wrong with the name of a Python function."""
    return None if ":" in value else "must be written as module:function"


def address_problem(value: str) -> str | None:
    """Return what is wrong with an IP address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return "is no address; give one such as 192.168.1.5"
    return None


def host_names_problem(value: str) -> str | None:
    """Return what is wrong with a comma-separated list of host names."""
    for name in filter(None, map(str.strip, value.split(","))):
        if not HOST_NAME.fullmatch(name):
            return (
                f"cannot be used: {name!r} is no host name; write names without http:// and port,"
                " with commas between them"
            )
    return None
