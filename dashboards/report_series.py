"""Minutes gathered for charts: by bucket, by what recurs on the clock, by day or month. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from lake.report_counts import MINUTE, Asked

Ints = npt.NDArray[np.int64]
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
THURSDAY: Final = 3
"""The weekday of the epoch, counted from Monday, 0."""
DAY: Final = 1440
STEP: Final = 15
"""Minutes within which no zone changes its offset."""
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
RECURRING: Final = {"minute": 60, "hour": 24, "weekday": 7}


@lru_cache(maxsize=16)
def _offsets(first: datetime, minutes: int, zone: str) -> Ints:
    where = ZoneInfo(zone)
    start = (first - EPOCH) // MINUTE // STEP * STEP
    marks = range(start, (first - EPOCH) // MINUTE + minutes, STEP)
    found = [(EPOCH + at * MINUTE).astimezone(where).utcoffset() or timedelta() for at in marks]
    spread = np.repeat(np.array([one // MINUTE for one in found], np.int64), STEP)
    skipped = (first - EPOCH) // MINUTE - start
    return spread[skipped : skipped + minutes]


def local_minutes(asked: Asked, zone: str) -> Ints:
    """Minutes since 1970-01-01 00:00 on the zone's clock, of each minute of the span."""
    start = (asked.first - EPOCH) // MINUTE
    return np.arange(start, start + asked.minutes) + _offsets(asked.first, asked.minutes, zone)


def place_of(local: Ints, axis: str) -> Ints:
    """Where each minute stands on an axis: 0..59, 0..23, 0..6, days or months since 1970."""
    if axis == "minute":
        return local % 60
    if axis == "hour":
        return local // 60 % 24
    if axis == "weekday":
        return (local // DAY + THURSDAY) % 7
    days = local // DAY
    return days if axis == "day" else days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def gathered(values: Ints, places: Ints, first: int, count: int) -> Ints:
    """Sums of values by place, `count` of them from `first` on."""
    return np.bincount(places - first, weights=values, minlength=count)[:count].astype(np.int64)


def range_of(places: Ints, axis: str) -> tuple[int, int]:
    """First place of an axis and how many there are; of what recurs, all."""
    if axis in RECURRING:
        return 0, RECURRING[axis]
    return int(places.min()), int(places.max() - places.min()) + 1


def names_of(first: int, count: int, axis: str) -> list[str]:
    """Words of the places."""
    if axis == "weekday":
        return list(WEEKDAYS)
    if axis in RECURRING:
        return [f"{number:02d}" for number in range(count)]
    unit = "D" if axis == "day" else "M"
    return [str(one) for one in np.arange(first, first + count).astype(f"datetime64[{unit}]")]


def rates(objects: Sequence[int] | Ints, frames: Sequence[int] | Ints) -> list[float | None]:
    """Objects per frame; None where there was no frame, so that nothing is not drawn as 0."""
    return [int(seen) / int(of) if of else None for seen, of in zip(objects, frames, strict=True)]


def edges(asked: Asked, local: Ints, bucket: int) -> Ints:
    """Where buckets begin: places in the span, 0 first, aligned to the zone's clock.

    A bucket is cut where the clock is put on or back.
    """
    places = local // bucket
    new = np.flatnonzero((np.diff(places) != 0) | (np.diff(local) != 1)) + 1
    return np.concatenate([np.zeros(1, np.int64), new])


def by_bucket(values: Ints, begins: Ints) -> Ints:
    """Sums of values between the edges."""
    return np.add.reduceat(values, begins)


def clock(local: int) -> str:
    """A local minute as ISO 8601 without a zone, which is what Plotly draws.

    >>> clock(60)
    '1970-01-01T01:00'
    """
    return f"{EPOCH + local * MINUTE:%Y-%m-%dT%H:%M}"
