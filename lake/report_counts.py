"""Counts of a report: objects and frames of some days, as all its charts need them. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from lake.report_days import CELL_COLUMNS, CELL_ROWS, CELLS, MINUTES, SECTORS, CameraHour, Codes, Day

Ints = npt.NDArray[np.int64]
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
        sectors: objects by sector, int64 [3, 3], rows from the top.
        cells: objects by the place of their centre, int64 [CELL_ROWS, CELL_COLUMNS].
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
        when, where = _wanted(one, asked)
        _add_minutes(by_label, one, when, asked)
        found = np.bincount(where, minlength=len(one.cameras) * SECTORS * CELLS).reshape(-1, SECTORS, CELLS)
        places += found.sum(axis=0)
        sums = found.sum(axis=(1, 2))
        cameras.update({name: int(seen) for name, seen in zip(one.cameras, sums, strict=True) if seen})
    hours = tuple(hour for one in near for hour in one.hours if _is_within(hour, asked))
    return Counts(
        asked,
        by_label,
        dict(cameras.most_common()),
        places.sum(axis=1)[:9].reshape(3, 3),
        places.sum(axis=0).reshape(CELL_ROWS, CELL_COLUMNS),
        _frames(hours, asked),
        hours,
    )


def _wanted(one: Day, asked: Asked) -> tuple[Codes, Codes]:
    """`when` and `where` of the objects asked for."""
    # A 32-bit score beside a plain number would be compared in 32 bits; scores fall.
    enough = np.searchsorted(-one.score, np.float64(-asked.threshold), side="right")
    when, where = one.when[:enough], one.where[:enough]
    labels, first, last = len(one.labels), *_minutes_of(one.day, asked)
    conditions = []
    if asked.cameras:
        conditions.append(_among(one.cameras, asked.cameras)[where // (SECTORS * CELLS)])
    if asked.labels:
        conditions.append(_among(one.labels, asked.labels)[when % max(1, labels)])
    if first > 0:
        conditions.append(when >= first * labels)
    if last < MINUTES:
        conditions.append(when < last * labels)
    wanted = np.flatnonzero(np.logical_and.reduce(conditions)) if conditions else slice(None)
    return when[wanted].astype(np.int64), where[wanted].astype(np.int64)


def _among(names: Sequence[str], chosen: frozenset[str]) -> npt.NDArray[np.bool_]:
    return np.array([name in chosen for name in names], np.bool_)


def _minutes_of(day: date, asked: Asked) -> tuple[int, int]:
    """The span in minutes since the day's midnight; may lie outside of it."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (asked.first - start) // MINUTE, (asked.last - start) // MINUTE


def _add_minutes(by_label: dict[str, Ints], one: Day, when: Codes, asked: Asked) -> None:
    labels = len(one.labels)
    table = np.bincount(when, minlength=MINUTES * labels).reshape(MINUTES, labels)
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
