"""Counts of a report: objects and frames of some days, as all its charts need them. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dashboards.data.report_days import (
    BINS,
    BINS_PER_ONE,
    CELLS,
    FIRST_BIN,
    MINUTES,
    SECTORS,
    CameraHour,
    MinuteRows,
)
from dashboards.data.report_sums import STEP, Day, Entries
from lake.views.counting import CELL_COLUMNS, CELL_ROWS

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
RowsOf = Callable[[date], MinuteRows]
MINUTE: Final = timedelta(minutes=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """What a report counts.

    Attributes:
        first, last: UTC, whole minutes, half-open.
        cameras, labels: names; none means all.
        threshold: 0..1, least score, a multiple of 0.05.
        step: minutes by which objects and frames are counted over time: 1 or STEP.
    """

    first: datetime
    last: datetime
    cameras: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    threshold: float = 0.5
    step: int = STEP

    @property
    def minutes(self) -> int:
        """Length in minutes."""
        return (self.last - self.first) // MINUTE

    @property
    def first_minute(self) -> int:
        """The first minute, since 1970."""
        return (self.first - EPOCH) // MINUTE

    @property
    def first_step(self) -> int:
        """The step in which the span begins, since 1970."""
        return self.first_minute // self.step

    @property
    def steps(self) -> int:
        """How many steps lie in the span, at least in part."""
        return -(-(self.first_minute + self.minutes) // self.step) - self.first_step

    @property
    def starts(self) -> Ints:
        """UTC minutes since 1970 at which the steps begin; the first begins with the span."""
        starts = np.arange(self.first_step, self.first_step + self.steps) * self.step
        return np.maximum(starts, self.first_minute)

    @property
    def score_bin(self) -> int:
        """Number of the bin of scores that begins with the threshold."""
        return min(max(round(self.threshold * BINS_PER_ONE) - FIRST_BIN, 0), BINS - 1)


@dataclass(frozen=True, eq=False, slots=True)
class Counts:
    """The answer.

    Attributes:
        asked: what it answers.
        by_label: label to objects per step, int64 [steps].
        by_minute: label to objects by minute of the UTC hour, int64 [60].
        cameras: camera to objects.
        sectors: objects by sector, int64 [3, 3], rows from the top; imported ones have none.
        cells: those by the place of their centre, int64 [CELL_ROWS, CELL_COLUMNS].
        frames: analysed frames per step, int64 [steps].
        frames_by_minute: analysed frames by minute of the UTC hour, int64 [60].
        hours: camera hours that lie in the span, at least in part.
        labels: label to objects, the most frequent first.
    """

    asked: ReportFilter
    by_label: dict[str, Ints]
    by_minute: dict[str, Ints]
    cameras: dict[str, int]
    sectors: Ints
    cells: Ints
    frames: Ints
    frames_by_minute: Ints
    hours: tuple[CameraHour, ...]
    labels: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        totals = {label: int(steps.sum()) for label, steps in self.by_label.items()}
        most_first = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        object.__setattr__(self, "labels", dict(most_first))

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


class _Seen(NamedTuple):
    """Objects of a day that are asked for, by four kinds of places; the span's first step is 0."""

    steps: Entries
    minutes: Entries
    sectors: Entries
    cells: Entries


def count(days: Sequence[Day], asked: ReportFilter, rows_of: RowsOf) -> Counts:
    """Count the objects of days that lie in the span and are asked for.

    Args:
        days: in sums.
        asked: what is counted.
        rows_of: gives the rows of a day, where its sums are not enough: of the days that lie in the span only
            in part, and of all where the step is a minute.
    """
    near = [one for one in days if asked.first.date() <= one.day <= (asked.last - MINUTE).date()]
    parts = [_seen(one, asked, rows_of) for one in near]
    labels = {
        name: code for code, name in enumerate(sorted({name for one, _ in parts for name in one.labels}))
    }
    by_step, by_minute = (np.zeros((len(labels), size), np.int64) for size in (asked.steps, 60))
    cameras: Counter[str] = Counter()
    sectors, cells = np.zeros(SECTORS, np.int64), np.zeros(CELLS, np.int64)
    frames, frames_by_minute = np.zeros(asked.steps, np.int64), np.zeros(60, np.int64)
    for one, (named, seen) in zip(near, parts, strict=True):
        codes = [labels[name] for name in named.labels]
        _add_by_label(by_step, codes, seen.steps)
        _add_by_label(by_minute, codes, seen.minutes)
        cameras.update(_by_camera(named, seen.steps))
        sectors += _by_place(seen.sectors, SECTORS)
        cells += _by_place(seen.cells, CELLS)
        _add_frames(frames, frames_by_minute, one, asked)
    found = [(name, code) for name, code in labels.items() if by_step[code].any()]
    return Counts(
        asked,
        {name: by_step[code] for name, code in found},
        {name: by_minute[code] for name, code in found},
        dict(cameras.most_common()),
        sectors.reshape(3, 3),
        cells.reshape(CELL_ROWS, CELL_COLUMNS),
        frames,
        frames_by_minute,
        tuple(hour for one in near for hour in _hours(one, asked)),
    )


def _seen(one: Day, asked: ReportFilter, rows_of: RowsOf) -> tuple[Day | MinuteRows, _Seen]:
    """What is asked for of a day, and what names its cameras and labels."""
    if asked.step == STEP and _minutes_of(one.day, asked) == (0, MINUTES):
        return _of_sums(one, asked)
    return _of_rows(rows_of(one.day), asked)


def _of_sums(one: Day, asked: ReportFilter) -> tuple[Day, _Seen]:
    """What is asked for of a day that lies in the span as a whole."""
    wanted = _pairs(one, asked)
    sums = (one.steps, one.minutes, one.sectors, one.cells)
    steps, *others = (_chosen(each.at(asked.score_bin), wanted) for each in sums)
    return one, _Seen(_moved(steps, _first_minute(one.day) // STEP - asked.first_step), *others)


def _of_rows(rows: MinuteRows, asked: ReportFilter) -> tuple[MinuteRows, _Seen]:
    """The same of a day of which a part may lie in the span."""
    first, last = _minutes_of(rows.day, asked)
    wanted = (rows.minute >= first) & (rows.minute < last) & (rows.score_bin >= asked.score_bin)
    wanted &= _pairs(rows, asked)[rows.pair]
    pair, minute, objects = rows.pair[wanted], rows.minute[wanted].astype(np.int64), rows.objects[wanted]
    steps = (minute + _first_minute(rows.day)) // asked.step - asked.first_step

    def placed(place: npt.NDArray[np.unsignedinteger], size: int) -> Entries:
        known = place < size
        return Entries(pair[known], place[known], objects[known])

    return rows, _Seen(
        Entries(pair, steps, objects),
        Entries(pair, minute % 60, objects),
        placed(rows.sector[wanted], SECTORS),
        placed(rows.cell[wanted], CELLS),
    )


def _pairs(named: Day | MinuteRows, asked: ReportFilter) -> Flags:
    """For each pair of camera and label, whether it is asked for."""
    cameras, labels = _among(named.cameras, asked.cameras), _among(named.labels, asked.labels)
    return np.logical_and.outer(cameras, labels).ravel()


def _among(names: Sequence[str], chosen: frozenset[str]) -> Flags:
    return np.array([not chosen or name in chosen for name in names], np.bool_)


def _chosen(entries: Entries, wanted: Flags) -> Entries:
    """The entries of the pairs that are asked for."""
    if wanted.all():
        return entries
    kept = np.flatnonzero(wanted[entries.pair])
    return Entries(entries.pair[kept], entries.place[kept], entries.objects[kept])


def _moved(entries: Entries, by: int) -> Entries:
    return entries._replace(place=entries.place.astype(np.int64) + by)


def _by_place(entries: Entries, size: int) -> Ints:
    return np.bincount(entries.place, entries.objects, size).astype(np.int64)


def _by_camera(named: Day | MinuteRows, entries: Entries) -> dict[str, int]:
    found = np.bincount(entries.pair // np.uint32(max(1, len(named.labels))), entries.objects)
    return {named.cameras[code]: int(found[code]) for code in np.flatnonzero(found)}


def _add_by_label(sums: Ints, codes: Sequence[int], entries: Entries) -> None:
    """Add entries to the sums by label and place.

    Args:
        sums: [labels of all days, places].
        codes: for each label of the day, its row of `sums`.
        entries: of the day.
    """
    if not len(entries.place):
        return
    first = int(entries.place.min())
    width = int(entries.place.max()) - first + 1
    keys = entries.pair % np.int64(len(codes)) * width + (entries.place - np.int64(first))
    found = np.bincount(keys, entries.objects, len(codes) * width).reshape(len(codes), width)
    sums[codes, first : first + width] += found.astype(np.int64)


def _first_minute(day: date) -> int:
    """The day's midnight in minutes since 1970."""
    return (day - EPOCH.date()).days * MINUTES


def _minutes_of(day: date, asked: ReportFilter) -> tuple[int, int]:
    """The part of a day that lies in the span, in minutes since its midnight, half-open."""
    first = asked.first_minute - _first_minute(day)
    return max(0, first), min(MINUTES, first + asked.minutes)


def _add_frames(frames: Ints, by_minute: Ints, one: Day, asked: ReportFilter) -> None:
    first, last = _minutes_of(one.day, asked)
    sums = np.zeros(MINUTES, np.int64)
    for camera, minutes in one.frames.items():
        if not asked.cameras or camera in asked.cameras:
            sums[first:last] += minutes[first:last]
    by_minute += sums.reshape(-1, 60).sum(axis=0)
    begin = _first_minute(one.day) // asked.step - asked.first_step
    steps = sums.reshape(-1, asked.step).sum(axis=1)
    inside = slice(max(0, -begin), len(frames) - begin)
    part = steps[inside]
    frames[max(0, begin) : max(0, begin) + len(part)] += part


def _hours(one: Day, asked: ReportFilter) -> Iterator[CameraHour]:
    """Hours of a day that are asked for."""
    first, last = _minutes_of(one.day, asked)
    for hour in one.hours:
        start = hour.hour.hour * 60
        if first < start + 60 and start < last and (not asked.cameras or hour.camera in asked.cameras):
            yield hour
