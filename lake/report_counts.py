"""Counts of a report: objects and frames of some days, as all its charts need them. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from lake.report_days import CELL_COLUMNS, CELL_ROWS, MINUTES, CameraHour, Day

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
    sectors, cells = np.zeros(10, np.int64), np.zeros(CELL_ROWS * CELL_COLUMNS, np.int64)
    near = [one for one in days if asked.first.date() <= one.day <= (asked.last - MINUTE).date()]
    for one in near:
        wanted = _wanted(one, asked)
        sectors += np.bincount(one.sector[wanted], minlength=len(sectors))
        cells += np.bincount(one.cell[wanted], minlength=len(cells))
        found = np.bincount(one.camera[wanted], minlength=len(one.cameras))
        cameras.update({name: int(number) for name, number in zip(one.cameras, found, strict=True) if number})
        _add_minutes(by_label, one, wanted, asked)
    hours = tuple(hour for one in near for hour in one.hours if _is_within(hour, asked))
    return Counts(
        asked,
        by_label,
        dict(cameras.most_common()),
        sectors[:9].reshape(3, 3),
        cells.reshape(CELL_ROWS, CELL_COLUMNS),
        _frames(hours, asked),
        hours,
    )


def _wanted(one: Day, asked: Asked) -> npt.NDArray[np.bool_]:
    # A 32-bit score beside a plain number would be compared in 32 bits.
    wanted = one.score >= np.float64(asked.threshold)
    for codes, names, among in (
        (one.camera, one.cameras, asked.cameras),
        (one.label, one.labels, asked.labels),
    ):
        if among:
            wanted &= np.array([name in among for name in names], np.bool_)[codes]
    first, last = _minutes_of(one.day, asked)
    if first > 0 or last < MINUTES:
        wanted &= (one.minute >= first) & (one.minute < last)
    return wanted


def _minutes_of(day: date, asked: Asked) -> tuple[int, int]:
    """The span in minutes since the day's midnight; may lie outside of it."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (asked.first - start) // MINUTE, (asked.last - start) // MINUTE


def _add_minutes(by_label: dict[str, Ints], one: Day, wanted: npt.NDArray[np.bool_], asked: Asked) -> None:
    codes = len(one.labels)
    keys = one.minute[wanted].astype(np.int64) * codes + one.label[wanted]
    table = np.bincount(keys, minlength=MINUTES * codes).reshape(MINUTES, codes)
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
