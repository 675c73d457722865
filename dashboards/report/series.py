"""Steps of time gathered for charts: by bucket, by what recurs on the clock, by day. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from dashboards.data.report_counts import EPOCH, MINUTE, ReportFilter
from dashboards.data.report_sums import STEP

Ints = npt.NDArray[np.int64]
THURSDAY: Final = 3
"""The weekday of the epoch, counted from Monday, 0."""
DAY: Final = 1440
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
RECURRING: Final = {"minute": 60, "hour": 24, "weekday": 7}


@lru_cache(maxsize=1024)
def _offsets(day: int, zone: str) -> Ints:
    """Minutes by which the zone is ahead of UTC in each STEP of a day since 1970."""
    start, where = EPOCH + timedelta(days=day), ZoneInfo(zone)
    marks = (start + timedelta(minutes=at) for at in range(0, DAY, STEP))
    return np.array([(mark.astimezone(where).utcoffset() or timedelta()) // MINUTE for mark in marks])


def local_minutes(minutes: Ints, zone: str) -> Ints:
    """Minutes since 1970-01-01 00:00 on the zone's clock, of UTC minutes since 1970 in any order."""
    if not len(minutes):
        return minutes
    first, last = int(minutes.min()) // DAY, int(minutes.max()) // DAY
    ahead: Ints = np.concatenate([_offsets(day, zone) for day in range(first, last + 1)])
    return minutes + ahead[minutes // STEP - first * (DAY // STEP)]


def minutes_of(moments: Sequence[datetime]) -> Ints:
    """Moments as UTC minutes since 1970."""
    return np.array([(at - EPOCH) // MINUTE for at in moments], np.int64)


def is_steady(asked: ReportFilter, zone: str) -> bool:
    """Whether the zone is ahead of UTC by the same minutes of the hour during all of a span.

    Nearly all zones are: they put the clock on and back by whole hours, and others by half an hour.
    """
    starts = asked.starts
    ahead = (local_minutes(starts, zone) - starts) % 60
    return bool((ahead == ahead[0]).all())


def place_of(local: Ints, axis: str) -> Ints:
    """Where each moment stands on an axis: 0..59, 0..23, 0..6, or days, weeks or months since 1970."""
    if axis == "minute":
        return local % 60
    if axis == "hour":
        return local // 60 % 24
    if axis == "weekday":
        return (local // DAY + THURSDAY) % 7
    days = local // DAY
    if axis == "week":
        return (days + THURSDAY) // 7
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
    if axis == "week":
        mondays = (EPOCH + timedelta(days=7 * week - THURSDAY) for week in range(first, first + count))
        return [f"{monday:%G-W%V}" for monday in mondays]
    unit = "D" if axis == "day" else "M"
    return [str(one) for one in np.arange(first, first + count).astype(f"datetime64[{unit}]")]


def rates(objects: Sequence[int] | Ints, frames: Sequence[int] | Ints) -> list[float | None]:
    """Objects per frame; None where there was no frame, so that nothing is not drawn as 0."""
    return [int(seen) / int(of) if of else None for seen, of in zip(objects, frames, strict=True)]


def edges(starts: Ints, local: Ints, bucket: int) -> Ints:
    """Where buckets begin: numbers of steps, 0 first, aligned to the zone's clock.

    A bucket is cut where the clock is put on or back.

    Args:
        starts: UTC minutes at which the steps begin.
        local: the same on the zone's clock.
        bucket: minutes.
    """
    places = local // bucket
    new = np.flatnonzero((np.diff(places) != 0) | (np.diff(local) != np.diff(starts))) + 1
    return np.concatenate([np.zeros(1, np.int64), new])


def by_bucket(values: Ints, begins: Ints) -> Ints:
    """Sums of values between the edges."""
    return np.add.reduceat(values, begins)


def clocks(minutes: Ints) -> list[str]:
    """Minutes since 1970 as ISO 8601 without a zone, which is what Plotly draws.

    >>> clocks(np.array([60]))
    ['1970-01-01T01:00']
    """
    told: list[str] = np.datetime_as_string(minutes.astype("datetime64[m]")).tolist()
    return told
