"""A moment in words, in the zone that is shown."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def shown(at: datetime, zone: ZoneInfo) -> str:
    """To the minute, with the zone's short name.

    >>> from datetime import UTC
    >>> shown(datetime(2026, 1, 2, 3, 4, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    '2026-01-02 04:04 CET'
    """
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
