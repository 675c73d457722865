"""Kafka records to frames: what a record says about itself, without touching the picture.

`describe` is the only place that decides what a frame's camera, times and problems are; the speed layer and
the archive both use it, in their workers, so that they can never disagree.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from lake.contracts.wire_format import CAMERA_ID, FRAME_SCHEMA, LEGACY
from lake.schema.schemas import CONTENT, FRAMES

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""An agent whose clock differs by more from the broker's is not believed."""
MAX_WAIT: Final = timedelta(hours=48)
"""A picture cannot be older than this when it reaches the broker."""
CAMERA_YEARS: Final = (1970, 2199)
"""A clock without a battery says 1970; beyond these no program can be trusted with the date."""
RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}")
NAME: Final = re.compile(r"[!-~]{1,200}")

METADATA: Final = (*(name for name in FRAMES.columns if name not in {*CONTENT, "day"}), "client_timestamp")
"""What `describe` says of a record."""

KAFKA_COLUMNS: Final = ("topic", "partition", "offset", "timestamp", "key", "value", "headers")
"""Of Spark's Kafka source, those that `describe` reads; `timestamp` is UTC."""
Record = Mapping[str, Any]
"""KAFKA_COLUMNS of a record."""
Read = TypeVar("Read")


def describe(record: Record, topic_id: str, zone: str) -> dict[str, Any]:
    """METADATA of a record; times are UTC.

    Args:
        record: as the Kafka source gives it, headers as a list of mappings with `key` and `value`, or None.
        topic_id: UUID of the topic it comes from.
        zone: the site's time zone, in which zone-less times of old clients are read.

    Returns:
        `problem` says in one sentence why the record cannot be a frame, else None.
    """
    headers = _headers(record)
    old = _old_message(record) if not headers else None
    kind: str | None = None if old is None else LEGACY
    if headers.get("schema") == FRAME_SCHEMA:
        kind, camera, said = FRAME_SCHEMA, _text(record["key"]), headers.get("captured_at")
    else:
        camera, said = (old or {}).get("camera_id"), (old or {}).get("timestamp")
    captured, sent = read_moment(said, zone), read_moment(headers.get("sent_at"), "UTC")
    observed, skewed = observe(record["timestamp"], captured, sent, trusted=kind == LEGACY)
    times = {"captured_at": (captured, said), "sent_at": (sent, headers.get("sent_at"))}
    return {
        **_place(record, topic_id),
        **_told(record, headers),
        "camera_id": camera if _is_allowed(camera) else None,
        "captured_at": captured,
        "sent_at": sent,
        "observed_at": observed,
        "clock_skewed": skewed,
        "format": kind,
        "client_timestamp": (old or {}).get("timestamp"),
        "problem": _problem(kind, camera, times),
    }


def _place(record: Record, topic_id: str) -> dict[str, Any]:
    place = {name: record[name] for name in ("topic", "partition", "offset")}
    return {
        **place,
        "topic_id": topic_id,
        "appended_at": record["timestamp"],
        "bytes": len(record["value"] or b""),
    }


def _headers(record: Record) -> dict[str, str | None]:
    """The first header of each name as text; None where it is no UTF-8."""
    texts: dict[str, str | None] = {}
    for header in record["headers"] or ():
        texts.setdefault(header["key"], _text(header["value"]))
    return texts


def _text(value: bytes | None) -> str | None:
    with suppress(UnicodeDecodeError):
        return None if value is None else bytes(value).decode()
    return None


def _old_message(record: Record) -> dict[str, str | None] | None:
    """Camera and time in the JSON of the first version; None where the value does not begin as JSON does."""
    value = record["value"] or b""
    if not value.startswith(b"{"):
        return None
    try:
        message = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return {name: _as_text(message.get(name)) for name in ("camera_id", "timestamp")}


def _as_text(value: Any) -> str | None:
    """Half of a surrogate pair, which JSON can say and UTF-8 cannot, becomes a question mark."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="replace").decode()


def _told(record: Record, headers: Mapping[str, str | None]) -> dict[str, Any]:
    """What the headers say of themselves; None where a number is none."""
    frame_id = headers.get("frame_id") or ""
    return {
        "frame_id": frame_id if NAME.fullmatch(frame_id) else _name(record),
        "session": (headers.get("session") or "")[:64] or None,
        "sequence": _number(headers, "sequence", _whole(63)),
        "width": _number(headers, "width", _whole(31)),
        "height": _number(headers, "height", _whole(31)),
        "motion": _number(headers, "motion", _share),
        "replay_id": (headers.get("replay_id") or "")[:64] or None,
    }


def _number(headers: Mapping[str, str | None], name: str, read: Callable[[str], Read]) -> Read | None:
    with suppress(ValueError):
        return read((headers.get(name) or "").strip())
    return None


def _whole(bits: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not WHOLE.fullmatch(text) or not -(2**bits) <= int(text) < 2**bits:
            raise ValueError(text)
        return int(text)

    return read


def _share(text: str) -> float:
    if "_" in text or not math.isfinite(float(text)):
        raise ValueError(text)
    return float(text)


def _name(record: Record) -> str:
    micros = (record["timestamp"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return f"{record['topic']}/{record['partition']}/{record['offset']}/{micros}"


def read_moment(said: str | None, zone: str) -> datetime | None:
    """The text as UTC; zone-less text is read in the zone; None when no camera can mean it.

    >>> read_moment("2026-01-02T12:00:00", "Europe/Berlin")
    datetime.datetime(2026, 1, 2, 11, 0, tzinfo=datetime.timezone.utc)
    """
    if said is None or not RFC_3339.fullmatch(said):
        return None
    try:
        moment = datetime.fromisoformat(said)
        utc = (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return utc if CAMERA_YEARS[0] <= utc.year <= CAMERA_YEARS[1] else None


def observe(
    appended: datetime, captured: datetime | None, sent: datetime | None, *, trusted: bool
) -> tuple[datetime, bool]:
    """`observed_at` and `clock_skewed`, by the rule "Observed at" of the design.

    An agent within 5 minutes of the broker's clock is believed. Otherwise only the time that its picture
    waited is: both ends of it were read off the same clock. What then lies outside the last 48 hours or
    more than 5 minutes ahead is no time at all, and the append time stands.
    """
    if captured is None or (sent is None and not trusted):
        return appended, True
    believed = trusted or (sent is not None and abs(appended - sent) <= CLOCK_TOLERANCE)
    said = captured if believed or sent is None else appended - (sent - captured)
    possible = appended - MAX_WAIT <= said <= appended + CLOCK_TOLERANCE
    return (said if possible else appended), not (possible and believed)


def _is_allowed(camera: str | None) -> bool:
    return camera is not None and CAMERA_ID.match(camera) is not None


def _problem(
    kind: str | None, camera: str | None, times: Mapping[str, tuple[datetime | None, str | None]]
) -> str | None:
    """The first thing that keeps a record from being a frame, as a sentence."""
    if kind is None:
        return "neither headers of frame/1 nor JSON of the first version"
    if not _is_allowed(camera):
        return f"camera id is not allowed: {_shown(camera)}"
    for name in ("captured_at", "sent_at") if kind == FRAME_SCHEMA else ("captured_at",):
        moment, said = times[name]
        if moment is None:
            return f"{name.removesuffix('_at')} at no time: {_shown(said)}"
    return None


def _shown(said: str | None) -> str:
    return "missing, or not UTF-8" if said is None else said[:80]
