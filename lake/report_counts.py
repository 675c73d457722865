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

from lake.report_days import CELL_COLUMNS, CELL_ROWS, CELLS, MINUTES, SECTORS, CameraHour, Codes, Day

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Asked:
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
        cameras: camera to objects.
        sectors: objects by sector, int64 [3, 3], rows from the top; imported ones have none.
        cells: those by the place of their centre, int64 [CELL_ROWS, CELL_COLUMNS].
        frames: analysed frames per minute, int64 [minutes].
        hours: camera hours that lie in the span, at least in part.
    """

    asked: Asked
    by_label: dict[str, Ints]
    cameras: dict[str, int]
    sectors: Ints
    cells: Ints
    frames: Ints
    hours: tuple[CameraHour, ...]

    @property
    def labels(self) -> dict[str, int]:
        """Label to objects, the most frequent first."""
        totals = {label: int(minutes.sum()) for label, minutes in self.by_label.items()}
        return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))

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


def count(days: Sequence[Day], asked: Asked) -> Counts:
    """Count the objects of days that lie in the span and are asked for.

    A score is compared as Spark SQL compares it: in 64 bits.
    """
    by_label: dict[str, Ints] = {}
    cameras: Counter[str] = Counter()
    places = np.zeros((SECTORS, CELLS), np.int64)
    near = [one for one in days if asked.first.date() <= one.day <= (asked.last - MINUTE).date()]
    for one in near:
        minutes, found = _tables(one, asked)
        _add_minutes(by_label, one, minutes, asked)
        places += found.sum(axis=0)
        sums = found.sum(axis=(1, 2))
        cameras.update({name: int(seen) for name, seen in zip(one.cameras, sums, strict=True) if seen})
    hours = tuple(hour for one in near for hour in one.hours if _is_within(hour, asked))
    return Counts(
        asked,
        by_label,
        dict(cameras.most_common()),
        places.sum(axis=1)[:9].reshape(3, 3),
        places[:9].sum(axis=0).reshape(CELL_ROWS, CELL_COLUMNS),
        _frames(hours, asked),
        hours,
    )


def _tables(one: Day, asked: Asked) -> tuple[Ints, Ints]:
    """Objects of a day by minute and label, and by camera, sector and cell."""
    when, where = _wanted(one, asked)
    labels, cameras = len(one.labels), len(one.cameras)
    minutes = np.bincount(when, minlength=MINUTES * labels).reshape(MINUTES, labels)
    found = np.bincount(where, minlength=cameras * SECTORS * CELLS).reshape(cameras, SECTORS, CELLS)
    return minutes, found


def _wanted(one: Day, asked: Asked) -> tuple[Codes, Codes]:
    """`when` and `where` of the objects asked for."""
    enough = _enough(one.score, asked.threshold)
    when, where = one.when[:enough], one.where[:enough]
    conditions = [table[codes] for table, codes in ((_whens(one, asked), when), (_wheres(one, asked), where))
                  if not table.all()]  # fmt: skip
    wanted = np.flatnonzero(np.logical_and.reduce(conditions)) if conditions else slice(None)
    return when[wanted].astype(np.int64), where[wanted].astype(np.int64)


def _whens(one: Day, asked: Asked) -> Flags:
    """For each value of `when`, whether it is asked for: quicker to look up than to divide each object's."""
    minutes, (first, last) = np.zeros(MINUTES, np.bool_), _minutes_of(one.day, asked)
    minutes[max(0, first) : max(0, last)] = True
    return np.logical_and.outer(minutes, _among(one.labels, asked.labels)).ravel()


def _wheres(one: Day, asked: Asked) -> Flags:
    """The same for each value of `where` and its camera."""
    return np.repeat(_among(one.cameras, asked.cameras), SECTORS * CELLS)


def _enough(score: npt.NDArray[np.float32], threshold: float) -> int:
    """How many of the falling scores reach the threshold, compared in 64 bits; what is no number does not."""
    return bisect_right(score, -threshold, key=lambda one: 0.0 if np.isnan(one) else -float(one))


def _among(names: Sequence[str], chosen: frozenset[str]) -> Flags:
    return np.array([not chosen or name in chosen for name in names], np.bool_)


def _minutes_of(day: date, asked: Asked) -> tuple[int, int]:
    """The span in minutes since the day's midnight; may lie outside of it."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (asked.first - start) // MINUTE, (asked.last - start) // MINUTE


def _add_minutes(by_label: dict[str, Ints], one: Day, table: Ints, asked: Asked) -> None:
    first, last = _minutes_of(one.day, asked)
    here = slice(max(0, first), min(MINUTES, last))
    for code in np.flatnonzero(table.any(axis=0)):
        row = by_label.setdefault(one.labels[code], np.zeros(asked.minutes, np.int64))
        row[here.start - first : here.stop - first] += table[here, code]


def _is_within(hour: CameraHour, asked: Asked) -> bool:
    asked_for = not asked.cameras or hour.camera in asked.cameras
    return asked_for and hour.hour < asked.last and hour.hour + timedelta(hours=1) > asked.first


def _frames(hours: Sequence[CameraHour], asked: Asked) -> Ints:
    frames = np.zeros(asked.minutes, np.int64)
    for hour in hours:
        start = (hour.hour - asked.first) // MINUTE
        low, high = max(0, start), min(asked.minutes, start + 60)
        frames[low:high] += hour.by_minute[low - start : high - start]
    return frames
