"""Counts of a report: objects and frames of some days, as all its charts need them. Pure functions."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from dashboards.data.report_days import (
    CELL_COLUMNS,
    CELL_ROWS,
    CELLS,
    MINUTES,
    SECTORS,
    CameraHour,
    Day,
    Narrow,
)

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """What a report counts.

    Attributes:
        first, last: UTC, whole minutes, half-open.
        cameras, labels: names; none means all.
        threshold: 0..1, least score.
    """

    first: datetime
    last: datetime
    cameras: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    threshold: float = 0.5

    @property
    def minutes(self) -> int:
        """Length in minutes."""
        return (self.last - self.first) // MINUTE


@dataclass(frozen=True, eq=False, slots=True)
class Counts:
    """The answer.

    Attributes:
        asked: what it answers.
        by_label: label to objects per minute, int64 [minutes].
        labels: label to objects, the most frequent first.
        cameras: camera to objects.
        sectors: objects by sector, int64 [3, 3], rows from the top; imported ones have none.
        cells: those by the place of their centre, int64 [CELL_ROWS, CELL_COLUMNS].
        frames: analysed frames per minute, int64 [minutes].
        hours: camera hours that lie in the span, at least in part.
    """

    asked: ReportFilter
    by_label: dict[str, Ints]
    labels: dict[str, int]
    cameras: dict[str, int]
    sectors: Ints
    cells: Ints
    frames: Ints
    hours: tuple[CameraHour, ...]

    @property
    def objects(self) -> int:
        """All objects."""
        return sum(self.labels.values())

    @property
    def placeless(self) -> int:
        """Of these, those without a sector."""
        return self.objects - int(self.sectors.sum())

    @property
    def analysed(self) -> int:
        """All analysed frames."""
        return int(self.frames.sum())


def count(days: Sequence[Day], asked: ReportFilter) -> Counts:
    """Count the objects of days that lie in the span and are asked for.

    A score is compared as Spark SQL compares it: in 64 bits.
    """
    by_label: dict[str, Ints] = {}
    frames = np.zeros(asked.minutes, np.int64)
    cameras: Counter[str] = Counter()
    places = np.zeros((SECTORS, CELLS), np.int64)
    near = [one for one in days if asked.first.date() <= one.day <= (asked.last - MINUTE).date()]
    for one in near:
        minutes, found = _tables(one, asked)
        _add_minutes(by_label, one, minutes, asked)
        _add_frames(frames, one, asked)
        places += found.sum(axis=0)
        sums = found.sum(axis=(1, 2))
        cameras.update({name: int(seen) for name, seen in zip(one.cameras, sums, strict=True) if seen})
    return Counts(
        asked,
        by_label,
        _by_frequency(by_label),
        dict(cameras.most_common()),
        places.sum(axis=1)[:9].reshape(3, 3),
        places[:9].sum(axis=0).reshape(CELL_ROWS, CELL_COLUMNS),
        frames,
        tuple(hour for one in near for hour in _hours(one, asked)),
    )


def _tables(one: Day, asked: ReportFilter) -> tuple[Ints, Ints]:
    """Objects of a day by minute and label, and by camera, sector and cell."""
    when, where = _wanted(one, asked)
    labels, cameras = len(one.labels), len(one.cameras)
    minutes = np.bincount(when, minlength=MINUTES * labels).reshape(MINUTES, labels)
    found = np.bincount(where, minlength=cameras * SECTORS * CELLS).reshape(cameras, SECTORS, CELLS)
    return minutes, found


def _wanted(one: Day, asked: ReportFilter) -> tuple[Narrow, Narrow]:
    """`when` and `where` of the objects asked for."""
    enough = _enough(one.score, asked.threshold)
    when, where = one.when[:enough], one.where[:enough]
    if not (table := _whens(one, asked)).all():
        chosen = np.flatnonzero(table.take(when))
        when, where = when.take(chosen), where.take(chosen)
    if not (table := _wheres(one, asked)).all():
        chosen = np.flatnonzero(table.take(where))
        when, where = when.take(chosen), where.take(chosen)
    return when, where


def _whens(one: Day, asked: ReportFilter) -> Flags:
    """For each value of `when`, whether it is asked for: quicker to look up than to divide each object's."""
    minutes, (first, last) = np.zeros(MINUTES, np.bool_), _minutes_of(one.day, asked)
    minutes[max(0, first) : max(0, last)] = True
    return np.logical_and.outer(minutes, _among(one.labels, asked.labels)).ravel()


def _wheres(one: Day, asked: ReportFilter) -> Flags:
    """The same for each value of `where` and its camera."""
    return np.repeat(_among(one.cameras, asked.cameras), SECTORS * CELLS)


def _enough(score: npt.NDArray[np.float32], threshold: float) -> int:
    """How many of the falling scores reach the threshold, compared in 64 bits; what is no number does not."""
    return bisect_right(score, -threshold, key=lambda one: 0.0 if np.isnan(one) else -float(one))


def _among(names: Sequence[str], chosen: frozenset[str]) -> Flags:
    return np.array([not chosen or name in chosen for name in names], np.bool_)


def _minutes_of(day: date, asked: ReportFilter) -> tuple[int, int]:
    """The span in minutes since the day's midnight; may lie outside of it."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (asked.first - start) // MINUTE, (asked.last - start) // MINUTE


def _places(day: date, asked: ReportFilter) -> tuple[slice, slice]:
    """Where the minutes that are asked for lie in a day, and where in the answer."""
    first, last = _minutes_of(day, asked)
    here = slice(max(0, first), min(MINUTES, last))
    return here, slice(here.start - first, here.stop - first)


def _add_minutes(by_label: dict[str, Ints], one: Day, table: Ints, asked: ReportFilter) -> None:
    here, there = _places(one.day, asked)
    for code in np.flatnonzero(table.any(axis=0)):
        row = by_label.setdefault(one.labels[code], np.zeros(asked.minutes, np.int64))
        row[there] += table[here, code]


def _add_frames(frames: Ints, one: Day, asked: ReportFilter) -> None:
    here, there = _places(one.day, asked)
    for camera, minutes in one.frames.items():
        if not asked.cameras or camera in asked.cameras:
            frames[there] += minutes[here]


def _by_frequency(by_label: dict[str, Ints]) -> dict[str, int]:
    totals = {label: int(minutes.sum()) for label, minutes in by_label.items()}
    return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))


def _hours(one: Day, asked: ReportFilter) -> Sequence[CameraHour]:
    """Hours of a day that are asked for; of most days, all."""
    first, last = _minutes_of(one.day, asked)
    if first <= 0 and last >= MINUTES and not asked.cameras:
        return one.hours
    return [
        hour
        for hour in one.hours
        if (not asked.cameras or hour.camera in asked.cameras)
        and first < hour.hour.hour * 60 + 60
        and hour.hour.hour * 60 < last
    ]
