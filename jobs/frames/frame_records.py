"""Convert Kafka records to frames: the metadata of a record, without decoding the picture.

`describe` alone determines a frame's camera, times and problems; the speed layer and
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
"""An agent whose clock differs by more from the broker's is not trusted."""
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
"""Names of the values that `describe` returns."""

KAFKA_COLUMNS: Final = ("topic", "partition", "offset", "timestamp", "key", "value", "headers")
"""Of Spark's Kafka source, those that `describe` reads; `timestamp` is UTC."""
Record = Mapping[str, Any]
"""KAFKA_COLUMNS of a record."""
Read = TypeVar("Read")


def describe(record: Record, topic_id: str, zone: str) -> dict[str, Any]:
    """Return the METADATA of a record; times are UTC.

    Args:
        record: as the Kafka source gives it, headers as a list of mappings with `key` and `value`, or None.
        topic_id: UUID of the topic it comes from.
        zone: the site's time zone, in which zone-less times of old clients are read.

    Returns:
        The values by name; `problem` is one sentence on why the record cannot be a frame, or None.
    """
    headers = _headers(record)
    old = _old_message(record) if not headers else None
    kind: str | None = None if old is None else LEGACY
    if headers.get("schema") == FRAME_SCHEMA:
        kind, camera, captured_text = FRAME_SCHEMA, _decode_text(record["key"]), headers.get("captured_at")
    else:
        camera, captured_text = (old or {}).get("camera_id"), (old or {}).get("timestamp")
    captured, sent = parse_moment(captured_text, zone), parse_moment(headers.get("sent_at"), "UTC")
    observed, skewed = observe(record["timestamp"], captured, sent, trusted=kind == LEGACY)
    times = {"captured_at": (captured, captured_text), "sent_at": (sent, headers.get("sent_at"))}
    return {
        **_record_columns(record, topic_id),
        **_header_columns(record, headers),
        "camera_id": camera if _is_allowed(camera) else None,
        "captured_at": captured,
        "sent_at": sent,
        "observed_at": observed,
        "clock_skewed": skewed,
        "format": kind,
        "client_timestamp": (old or {}).get("timestamp"),
        "problem": _find_problem(kind, camera, times),
    }


def _record_columns(record: Record, topic_id: str) -> dict[str, Any]:
    place = {name: record[name] for name in ("topic", "partition", "offset")}
    return {
        **place,
        "topic_id": topic_id,
        "appended_at": record["timestamp"],
        "bytes": len(record["value"] or b""),
    }


def _headers(record: Record) -> dict[str, str | None]:
    """Return the first header of each name as text; None where it is no UTF-8."""
    texts: dict[str, str | None] = {}
    for header in record["headers"] or ():
        texts.setdefault(header["key"], _decode_text(header["value"]))
    return texts


def _decode_text(value: bytes | None) -> str | None:
    with suppress(UnicodeDecodeError):
        return None if value is None else bytes(value).decode()
    return None


def _old_message(record: Record) -> dict[str, str | None] | None:
    """Return camera and time of a first-version JSON message; None where the value is no JSON object."""
    value = record["value"] or b""
    if not value.startswith(b"{"):
        return None
    try:
        message = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return {name: _as_text(message.get(name)) for name in ("camera_id", "timestamp")}


def _as_text(value: Any) -> str | None:
    """Return the value as text; half a surrogate pair, valid JSON but not UTF-8, becomes `?`."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="replace").decode()


def _header_columns(record: Record, headers: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the columns that are copied from headers; None where a number cannot be read."""
    frame_id = headers.get("frame_id") or ""
    return {
        "frame_id": frame_id if NAME.fullmatch(frame_id) else _fallback_id(record),
        "session": (headers.get("session") or "")[:64] or None,
        "sequence": _number(headers, "sequence", _int_parser(63)),
        "width": _number(headers, "width", _int_parser(31)),
        "height": _number(headers, "height", _int_parser(31)),
        "motion": _number(headers, "motion", _parse_float),
        "replay_id": (headers.get("replay_id") or "")[:64] or None,
    }


def _number(headers: Mapping[str, str | None], name: str, read: Callable[[str], Read]) -> Read | None:
    with suppress(ValueError):
        return read((headers.get(name) or "").strip())
    return None


def _int_parser(bits: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not WHOLE.fullmatch(text) or not -(2**bits) <= int(text) < 2**bits:
            raise ValueError(text)
        return int(text)

    return read


def _parse_float(text: str) -> float:
    if "_" in text or not math.isfinite(float(text)):
        raise ValueError(text)
    return float(text)


def _fallback_id(record: Record) -> str:
    micros = (record["timestamp"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return f"{record['topic']}/{record['partition']}/{record['offset']}/{micros}"


def parse_moment(text: str | None, zone: str) -> datetime | None:
    """Parse an RFC 3339 text to UTC; zone-less text is in the zone; None when invalid or implausible.

    >>> parse_moment("2026-01-02T12:00:00", "Europe/Berlin")
    datetime.datetime(2026, 1, 2, 11, 0, tzinfo=datetime.timezone.utc)
    """
    if text is None or not RFC_3339.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        utc = (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return utc if CAMERA_YEARS[0] <= utc.year <= CAMERA_YEARS[1] else None


def observe(
    appended: datetime, captured: datetime | None, sent: datetime | None, *, trusted: bool
) -> tuple[datetime, bool]:
    """Return `observed_at` and `clock_skewed`, by the rule "Observed at" of the design.

    An agent within 5 minutes of the broker's clock is trusted. Otherwise only the time that its picture
    waited is: both ends were read from the same clock. A result outside the last 48 hours or
    more than 5 minutes ahead is discarded, and the append time is used.
    """
    if captured is None or (sent is None and not trusted):
        return appended, True
    trustworthy = trusted or (sent is not None and abs(appended - sent) <= CLOCK_TOLERANCE)
    observed = captured if trustworthy or sent is None else appended - (sent - captured)
    possible = appended - MAX_WAIT <= observed <= appended + CLOCK_TOLERANCE
    return (observed if possible else appended), not (possible and trustworthy)


def _is_allowed(camera: str | None) -> bool:
    return camera is not None and CAMERA_ID.match(camera) is not None


def _find_problem(
    kind: str | None, camera: str | None, times: Mapping[str, tuple[datetime | None, str | None]]
) -> str | None:
    """Return the first reason why a record cannot be a frame, as a sentence, or None."""
    if kind is None:
        return "neither headers of frame/1 nor JSON of the first version"
    if not _is_allowed(camera):
        return f"camera id is not allowed: {_format_value(camera)}"
    for name in ("captured_at", "sent_at") if kind == FRAME_SCHEMA else ("captured_at",):
        moment, text = times[name]
        if moment is None:
            return f"{name.removesuffix('_at')} at no time: {_format_value(text)}"
    return None


def _format_value(text: str | None) -> str:
    return "missing, or not UTF-8" if text is None else text[:80]
