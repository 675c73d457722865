"""Names of time zones, checked before they are used."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def is_time_zone(name: str) -> bool:
    """Tell whether a name is a time zone; never opens a file by a name from outside.

    >>> is_time_zone("Europe/Berlin"), is_time_zone("Europe"), is_time_zone("../Europe/Berlin")
    (True, False, False)
    """
    return name in _known()
