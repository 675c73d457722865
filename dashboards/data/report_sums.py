"""The objects of a UTC day added up by what charts show, so that a whole day is counted at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

import numpy as np

from dashboards.data.report_days import (
    BINS,
    CELLS,
    SECTORS,
    CameraHour,
    DayReader,
    Decided,
    Ints,
    MinuteRows,
    Narrow,
    narrow,
    size_of,
)
from lake.serving.open_tables import TableSnapshot

STEP: Final = 15
"""Minutes within which no time zone changes its offset and no longer bucket of a chart ends."""
HOUR_BYTES: Final = 400
"""What a `CameraHour` takes in memory, about."""


class Entries(NamedTuple):
    """Numbers of objects by pair of camera and label and by place; arrays of one length."""

    pair: Narrow
    place: Narrow | Ints
    objects: Narrow


@dataclass(frozen=True, eq=False, slots=True)
class Sums:
    """Objects of a day by pair of camera and label and by place, for every threshold.

    Attributes:
        pair: as in `MinuteRows`.
        place: what the sums are by, such as the minute of the hour.
        objects: [BINS, number of entries], those of at least the bin's score.
    """

    pair: Narrow
    place: Narrow
    objects: Narrow

    @classmethod
    def of(cls, rows: MinuteRows, place: Narrow, size: int) -> Sums:
        """Add up rows by their places; those from `size` on have none."""
        placed = np.flatnonzero(place < size)
        keys = rows.pair[placed].astype(np.int64) * size + place[placed]
        order = np.argsort(narrow(keys), kind="stable")  # of 16 bits most often, which are sorted quickly
        keys, placed = keys[order], placed[order]
        begins = np.diff(keys, prepend=-1) != 0
        entries, codes = keys[begins], np.cumsum(begins) - 1
        length = len(entries)
        by_bin = np.bincount(
            rows.score_bin[placed] * np.int64(length) + codes, rows.objects[placed], BINS * length
        )
        reached = by_bin.reshape(BINS, length)[::-1].cumsum(axis=0)[::-1]
        return cls(narrow(entries // size), narrow(entries % size), narrow(reached))

    def at(self, score_bin: int) -> Entries:
        """The entries of a threshold."""
        return Entries(self.pair, self.place, self.objects[score_bin])


@dataclass(frozen=True, eq=False, slots=True)
class Day:
    """A UTC day in sums.

    Attributes:
        day: UTC.
        cameras, labels: names of the objects' cameras and labels.
        steps: objects by STEP of the day, place 0..95.
        minutes: by minute of the UTC hour, 0..59.
        sectors, cells: by place in the picture.
        hours: sorted by hour and camera.
        frames: camera to its frames that count by minute of the day [1440].
    """

    day: date
    cameras: tuple[str, ...]
    labels: tuple[str, ...]
    steps: Sums
    minutes: Sums
    sectors: Sums
    cells: Sums
    hours: tuple[CameraHour, ...]
    frames: Mapping[str, Narrow]

    @property
    def bytes(self) -> int:
        """What it takes in memory, about."""
        sums = sum(size_of(one) for one in (self.steps, self.minutes, self.sectors, self.cells))
        frames = sum(minutes.nbytes for minutes in self.frames.values())
        return sums + frames + HOUR_BYTES * len(self.hours)


def summed(rows: MinuteRows, hours: tuple[CameraHour, ...], frames: Mapping[str, Narrow]) -> Day:
    """Add up a day."""
    return Day(
        rows.day,
        rows.cameras,
        rows.labels,
        Sums.of(rows, rows.minute // STEP, 1440 // STEP),
        Sums.of(rows, rows.minute % 60, 60),
        Sums.of(rows, rows.sector, SECTORS),
        Sums.of(rows, rows.cell, CELLS),
        hours,
        frames,
    )


def read_day(opened: TableSnapshot, day: date) -> tuple[Day, MinuteRows, Decided]:
    """A day in sums, the rows it is the sum of, and what was decided about its hours."""
    decided = Decided.of(opened, day)
    reader = DayReader(opened, day, decided)
    rows = reader.minutes()
    return summed(rows, *reader.hours()), rows, decided
