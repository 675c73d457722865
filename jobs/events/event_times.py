"""Parse and format times as the first version wrote them, without a zone.

The rule is that of old clients' frames. A time that the clock shows twice, at the end of summer time, is the
first of the two. A time that it never shows, at its beginning, is read with the offset from before, so that
it moves on by the length of the gap: 02:30 becomes 03:30. A time with a zone of its own keeps that zone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

FORM: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class LocalTimeProblem(StrEnum):
    """Why a local time needs a rule."""

    NONE = "none"
    TWICE = "twice"
    NEVER = "never"


class EventTimeError(ValueError):
    """A text that is no time."""


@lru_cache(maxsize=4096)
def parse_time(text: str, zone: ZoneInfo) -> tuple[int, LocalTimeProblem]:
    """Parse a time to microseconds since 1970, UTC, and tell whether the zone's clock shows it once.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> parse_time("2018-03-18 18:25:56.092099", berlin)[0]
    1521393956092099
    >>> [str(parse_time(text, berlin)[1]) for text in ("2018-10-28 02:30:00", "2018-03-25T02:30:00")]
    ['twice', 'never']

    Raises:
        EventTimeError: no date and time of day.
    """
    try:
        local = datetime.fromisoformat(text) if FORM.fullmatch(text) else None
    except ValueError:
        local = None
    if local is None:
        raise EventTimeError(f"{text[:80]!r} is no time; it is written as 2026-01-31 10:00:00.5")
    first = local if local.tzinfo else local.replace(tzinfo=zone)
    return (first - EPOCH) // MICROSECOND, _find_problem(first)


def _find_problem(first: datetime) -> LocalTimeProblem:
    before, after = first.utcoffset(), first.replace(fold=1).utcoffset()
    if before is None or after is None or before == after:
        return LocalTimeProblem.NONE
    return LocalTimeProblem.TWICE if before > after else LocalTimeProblem.NEVER


def format_time(moment: datetime, zone: ZoneInfo) -> str:
    """Format a moment as the first version wrote it.

    >>> format_time(datetime(2018, 3, 18, 17, 25, 56, 92099, UTC), ZoneInfo("Europe/Berlin"))
    '2018-03-18 18:25:56.092099'
    >>> format_time(datetime(2018, 3, 18, 17, 25, 56, 0, UTC), ZoneInfo("Europe/Berlin"))
    '2018-03-18 18:25:56'
    """
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(" ")
