"""Export the objects that reports count as an event file of the first version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jobs.events.event_rows import Form, write_events
from jobs.events.served_events import Span, served_events
from lake.config.lake_location import LakeLocation
from lake.storage.files import replacing


class ExportExistsError(FileExistsError):
    """A file that would be overwritten."""


def export_events(
    root: LakeLocation,
    file: Path,
    span: Span,
    threshold: float,
    clock: Callable[[], datetime],
    *,
    zone: str,
    form: Form = Form.LIST,
    overwrite: bool = False,
) -> int:
    """Write the events of a span; return the number of rows. The file appears only when it is complete.

    Args:
        root: root folder of the tables.
        file: the target.
        span: which events.
        threshold: least score of an object.
        clock: the time now, UTC.
        zone: name of the zone of the times; at the end of summer time an hour occurs twice.
        form: a list as the first version wrote it, or JSON lines.
        overwrite: whether an existing file may be replaced.

    Raises:
        ExportExistsError: the file exists.
        OSError: it cannot be written.
    """
    if file.exists() and not overwrite:
        raise ExportExistsError(f"{file} is there already: choose another name, or say --overwrite")
    with (
        replacing(file, 0o666, sync=True) as draft,
        draft.open("w", encoding="ascii", newline="\n") as text,
    ):
        return write_events(served_events(root, span, threshold, clock), text, form, zone)


def parse_moment(text: str, zone: str) -> datetime:
    """Parse a date, or date and time, in a zone unless it names one.

    >>> parse_moment("2018-03-18", "Europe/Berlin").isoformat()
    '2018-03-18T00:00:00+01:00'

    Raises:
        ValueError: neither.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
