"""An hour of a camera, the unit that is counted, audited and published. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

CameraHour = tuple[datetime, str]
"""Start of the hour (UTC) and camera id."""
CAMERA_HOUR: Final = ("hour", "camera_id")
"""The columns that name it."""
UNKNOWN_CAMERA: Final = "(unknown)"
"""Stands for the camera of records that name none that is allowed."""
RESENT_WITHIN_DAYS: Final = 2
"""A frame that was sent twice is looked for in days so far from its own."""
STANDS_FOR_S: Final = 10
"""Longest time for which an analysed frame says what was to be seen."""
LATE_AFTER_S: Final = 300
"""A record is late that the broker appended longer than this after the end of its hour."""


def days_near(days: Iterable[date]) -> list[date]:
    """Return days on which a frame of these days may have been sent again."""
    away = [timedelta(days=number) for number in range(-RESENT_WITHIN_DAYS, RESENT_WITHIN_DAYS + 1)]
    return sorted({day + by for day in days for by in away})


def hour_of_row(alias: str) -> str:
    """Return SQL of the UTC hour to which a row of `frames` or `detections` belongs."""
    return f"date_trunc('hour', {alias}.observed_at)"


def camera_of_row(alias: str) -> str:
    """Return SQL of the camera to which such a row belongs."""
    return f"coalesce({alias}.camera_id, '{UNKNOWN_CAMERA}')"
