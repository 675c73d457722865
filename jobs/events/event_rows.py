"""Read and write rows of the first version's `events.json`: one for each object of each frame.

A row is `{"event_type": label, "timestamp": local time, "camera_id": camera}`; a frame without objects is one
row whose label is "Nothing detected". A file is one list of rows, as the first version wrote it, or JSON
lines. Other keys of a row are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TextIO
from zoneinfo import ZoneInfo

from jobs.events.event_times import (
    EPOCH,
    MICROSECOND,
    EventTimeError,
    LocalTimeProblem,
    format_time,
    parse_time,
)
from jobs.events.json_rows import JsonRows
from lake.contracts.wire_format import MalformedFrameError, check_camera_id, rfc3339

NOTHING_DETECTED: Final = "Nothing detected"
KEYS: Final = ("event_type", "timestamp", "camera_id")
FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A clock without a battery says 1970; none says an earlier year."""
MAX_LABEL_LENGTH: Final = 200
SHOWN: Final = 80
quoted = json.encoder.encode_basestring_ascii


class EventRowError(ValueError):
    """A row that cannot be an event; the message names its place, the value and the remedy."""


class Form(StrEnum):
    """Format of an event file."""

    LIST = "list"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Event:
    """A row that was read.

    Attributes:
        row: its number in the file, from 1.
        camera_id: the camera, by its new name.
        at: microseconds since 1970, UTC.
        label: of the object; None for a frame without objects.
        doubt: whether its time needed a rule.
    """

    row: int
    camera_id: str
    at: int
    label: str | None
    doubt: LocalTimeProblem = LocalTimeProblem.NONE


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options of reading a file.

    Attributes:
        zone: name of the zone of its times.
        cameras: only rows of these; none means all.
        names: camera id in the file to that in the lake, where they differ.
    """

    zone: str
    cameras: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)


def read_events(text: TextIO, options: ReadOptions, now: datetime) -> Iterator[Event]:
    """Yield the rows of a file, in its order.

    Args:
        text: the file.
        options: options of reading.
        now: UTC; no event is later.

    Raises:
        JsonRowsError: the file is no list of objects.
        EventRowError: a row is no event.
    """
    rows, zone, latest = JsonRows(text), ZoneInfo(options.zone), (now - EPOCH) // MICROSECOND
    for row in rows:
        try:
            label, time_text, camera = _read_values(row)
            if not options.cameras or camera in options.cameras:
                camera_id = check_camera_id(options.names.get(camera, camera))
                at, doubt = parse_time(time_text, zone)
                _check_span(at, latest, time_text, options.zone)
                yield Event(rows.number, camera_id, at, _check_label(label), doubt)
        except MalformedFrameError as error:
            cure = f"--rename {camera!r}=NAME gives it another"
            raise EventRowError(f"{rows.place}: {error}; {cure}") from error
        except (EventTimeError, EventRowError) as error:
            raise EventRowError(f"{rows.place}: {error}") from error


def _read_values(row: Mapping[str, Any]) -> tuple[str, str, str]:
    values = [row.get(key) for key in KEYS]
    for key, value in zip(KEYS, values, strict=True):
        if not isinstance(value, str):
            timestamp = f"is {value!r:.{SHOWN}}" if key in row else "is missing"
            raise EventRowError(f"{key} {timestamp}; it must be a text")
    label, timestamp, camera = map(str, values)
    return label, timestamp, camera


def _check_label(text: str) -> str | None:
    if not text or len(text) > MAX_LABEL_LENGTH or not text.isprintable():
        raise EventRowError(
            f"event_type {text[:SHOWN]!r} must be 1 to {MAX_LABEL_LENGTH} characters that can be printed"
        )
    return None if text == NOTHING_DETECTED else text


def _check_span(at: int, latest: int, text: str, zone: str) -> None:
    if at < 0:
        raise EventRowError(f"timestamp {text!r} is before {FIRST.year}")
    if at > latest:
        utc = rfc3339(EPOCH + at * MICROSECOND)
        raise EventRowError(f"timestamp {text!r} in {zone} is {utc}, which is still to come: another --zone?")


def write_events(
    events: Iterable[tuple[datetime, str, str | None]], file: TextIO, form: Form, zone: str
) -> int:
    """Write rows as the first version did; return their number.

    Args:
        events: moment, camera id and label of each; no label for a frame without objects.
        file: written from its present position; a list equals `json.dump(rows, file, indent=4)`.
        form: list or lines.
        zone: name of the zone of the times written.
    """
    clock, count = ZoneInfo(zone), 0
    shape = LIST if form is Form.LIST else LINES
    for count, (moment, camera_id, label) in enumerate(events, 1):
        values = (
            quoted(NOTHING_DETECTED if label is None else label),
            format_time(moment, clock),
            quoted(camera_id),
        )
        file.write((shape.first if count == 1 else shape.between) + shape.row % values)
    file.write(shape.last if count else shape.empty)
    return count


@dataclass(frozen=True, slots=True)
class _Shape:
    first: str
    row: str
    between: str
    last: str
    empty: str


LIST: Final = _Shape(
    first="[\n",
    row='    {\n        "event_type": %s,\n        "timestamp": "%s",\n        "camera_id": %s\n    }',
    between=",\n",
    last="\n]",
    empty="[]",
)
LINES: Final = _Shape(
    first="", row='{"event_type": %s, "timestamp": "%s", "camera_id": %s}', between="\n", last="\n", empty=""
)
