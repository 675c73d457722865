"""One UTC day as reports count it: its objects by the minute, and what became of its frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts.wire_format import STORED_SCORE
from lake.schema.batch_schemas import MINUTE_COUNTS
from lake.serving.open_tables import TableSnapshot
from lake.serving.questions import of_live_hours
from lake.storage.sql_literals import days_between
from lake.views.counting import CELL_COLUMNS, CELL_ROWS, cell, score_bin

MINUTES: Final = 1440
CELLS: Final = CELL_ROWS * CELL_COLUMNS
SECTORS: Final = 9
HEIGHTS: Final = ("top", "middle", "bottom")
SIDES: Final = ("left", "center", "right")
BINS_PER_ONE: Final = 20
"""Bins of scores, and steps of a threshold, between 0 and 1."""
FIRST_BIN: Final = round(STORED_SCORE * BINS_PER_ONE)
BINS: Final = BINS_PER_ONE - FIRST_BIN + 1
"""From STORED_SCORE on; the last one holds scores of 1 alone."""
NEEDED: Final = (
    "minute_counts", "published_objects", "camera_hours", "publications", "detections", "frames",
)  # fmt: skip

Ints = npt.NDArray[np.int64]
Narrow = npt.NDArray[np.unsignedinteger[Any]]
HourOfCamera = tuple[datetime, str]
"""Start of the hour, UTC, and camera id."""


@dataclass(frozen=True, eq=False, slots=True)
class CameraHour:
    """What became of a camera's frames in an hour.

    Attributes:
        hour: UTC, its start.
        camera: camera id.
        state: published; live; held, where its newest count failed its checks: then the numbers are those
            published before, or zero.
        received: records.
        analysed: frames that count.
        seconds_observed: 0..3600.
        gated: pictures taken and not sent since nothing moved, as far as it is published.
    """

    hour: datetime
    camera: str
    state: str
    received: int
    analysed: int
    seconds_observed: float
    gated: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class MinuteRows:
    """Objects with score >= 0.2 of a UTC day by minute; arrays have one entry per row.

    Attributes:
        day: UTC.
        cameras, labels: names.
        pair: place in `cameras` * number of labels + place in `labels`.
        minute: of the day, 0..1439.
        score_bin: 0..BINS - 1, number of the bin of 0.05, counted from STORED_SCORE.
        sector: 3 * row + column; SECTORS where it is none.
        cell: CELL_COLUMNS * row + column of the box's centre; CELLS where it is none.
        objects: how many.
    """

    day: date
    cameras: tuple[str, ...]
    labels: tuple[str, ...]
    pair: Narrow
    minute: Narrow
    score_bin: Narrow
    sector: Narrow
    cell: Narrow
    objects: Narrow

    @property
    def count(self) -> int:
        """Rows."""
        return len(self.pair)


COLUMNS: Final = ("minute", "camera_id", "label", "sector_v", "sector_h", "score_bin", "cell", "object_count")
OF_DAY: Final = "r WHERE r.day = DATE '{day}'"
PUBLISHED: Final = f"SELECT {', '.join(f'r.{name}' for name in COLUMNS)} FROM minute_counts {OF_DAY}"
SINGLE: Final = (
    "SELECT date_trunc('minute', r.observed_at) AS minute, r.camera_id, r.label, r.sector_v, r.sector_h, "
    f"{score_bin('r.score')} AS score_bin, {cell('r.')} AS cell, CAST(1 AS BIGINT) AS object_count FROM "
)
LIVE: Final = f"{SINGLE} live_objects {OF_DAY}"
PUBLISHED_SINGLY: Final = f"{SINGLE} published_objects {OF_DAY}"
HOUR_COLUMNS: Final = "r.hour, r.camera_id, r.received, r.analysed, r.analysed_by_minute, r.seconds_observed"
PUBLISHED_HOURS: Final = f"SELECT {HOUR_COLUMNS}, r.gated FROM camera_hours {OF_DAY}"
LIVE_HOURS: Final = f"SELECT {HOUR_COLUMNS} FROM live_camera_hours {OF_DAY}"
STATES: Final = f"SELECT r.hour, r.camera_id, r.state, r.serving FROM publication_states {OF_DAY}"
# What is served is chosen here, by the states of a day: a join in each statement takes as long as the rest,
# and to plan the live part of a view takes longer, also where no hour is live.


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about the hours of a day.

    Attributes:
        held: hours and cameras of which the newest decision is to hold them.
        served: those of which something is published.
    """

    held: frozenset[HourOfCamera]
    served: frozenset[HourOfCamera]

    @classmethod
    def of(cls, opened: TableSnapshot, day: date) -> Decided:
        """Ask for the newest decisions."""
        states = _ask(opened, STATES, day).to_pylist()
        return cls(
            frozenset((row["hour"], row["camera_id"]) for row in states if row["state"] == "held"),
            frozenset((row["hour"], row["camera_id"]) for row in states if row["serving"] == "published"),
        )


@dataclass(frozen=True, slots=True)
class DayReader:
    """Reads one UTC day.

    Attributes:
        opened: the tables.
        day: UTC.
        decided: about its hours.
    """

    opened: TableSnapshot
    day: date
    decided: Decided

    def minutes(self) -> MinuteRows:
        """The objects of the day: published ones from `minute_counts`, live ones from `detections`."""
        published = _coded_rows(self._published(), self.decided.served)
        live = [_coded_rows(_ask(self.opened, LIVE, self.day))] if self._is_live else []
        return _joined(self.day, [published, *live])

    def hours(self) -> tuple[tuple[CameraHour, ...], dict[str, Narrow]]:
        """The camera hours, sorted by hour and camera, and the frames by camera and minute."""
        held, served = self.decided.held, self.decided.served
        found = {key: ("published", row) for key, row in self._rows(PUBLISHED_HOURS) if key in served}
        if self._is_live:
            found |= {key: ("live", row) for key, row in self._rows(LIVE_HOURS)}
        hours = []
        for key in sorted(found.keys() | held):
            state, row = found.get(key, ("held", {}))
            hours.append(_hour(*key, "held" if key in held else state, row))
        return tuple(one for one, _ in hours), frames_by_minute(hours)

    @property
    def _is_live(self) -> bool:
        return self.day in self.opened.live_days

    def _published(self) -> pa.Table:
        """Hours that were published before `minute_counts` held positions are counted from their objects."""
        if "cell" in {field.name for field in self.opened.tables[MINUTE_COUNTS.name].schema().fields}:
            rows = _ask(self.opened, PUBLISHED, self.day)
            if not pc.any(pc.and_(pc.is_valid(rows["sector_v"]), pc.is_null(rows["cell"]))).as_py():
                return rows
        return _ask(self.opened, PUBLISHED_SINGLY, self.day)

    def _rows(self, sql: str) -> Iterator[tuple[HourOfCamera, Mapping[str, Any]]]:
        for row in _ask(self.opened, sql, self.day).to_pylist():
            yield (row["hour"], row["camera_id"]), row


def _ask(opened: TableSnapshot, sql: str, day: date) -> pa.Table:
    live = [hour for hour in opened.live_hours if hour[0] == day]
    statement = of_live_hours(sql.format(day=day.isoformat()), live, days_between("t", day, day))
    return opened.ask(statement.format(threshold=f"{STORED_SCORE:f}"))


class _Coded(NamedTuple):
    """Rows as numbers, see `MinuteRows`; `camera` and `label` are places in the names."""

    cameras: tuple[str, ...]
    labels: tuple[str, ...]
    camera: Ints
    label: Ints
    minute: Ints
    score_bin: Ints
    sector: Ints
    cell: Ints
    objects: Ints


def _coded_rows(rows: pa.Table, served: frozenset[HourOfCamera] | None = None) -> _Coded:
    """Rows as numbers; of hours and cameras that are served, unless all are."""
    camera, cameras = _coded(rows["camera_id"])
    label, labels = _coded(rows["label"])
    minute = rows["minute"].cast(pa.int64()).to_numpy() // 60_000_000 % MINUTES
    score, sector = rows["score_bin"].to_numpy(), _sectors(rows)
    cells = np.minimum(pc.fill_null(rows["cell"].cast(pa.int64()), CELLS).to_numpy(), CELLS)
    wanted = score >= STORED_SCORE  # what is no number reaches no threshold
    if served is not None:
        wanted &= _hours_served(cameras, served)[minute // 60, camera]
    places = np.minimum(np.rint(np.nan_to_num(score) * BINS_PER_ONE).astype(np.int64) - FIRST_BIN, BINS - 1)
    objects = rows["object_count"].cast(pa.int64()).to_numpy()
    numbers = (camera, label, minute, places, sector, np.where(sector < SECTORS, cells, CELLS), objects)
    return _Coded(cameras, labels, *(numbers if wanted.all() else (one[wanted] for one in numbers)))


def _hours_served(cameras: Sequence[str], served: frozenset[HourOfCamera]) -> npt.NDArray[np.bool_]:
    """For each hour of the day and each camera, whether it is served."""
    table = np.zeros((24, len(cameras)), np.bool_)
    places = {camera: place for place, camera in enumerate(cameras)}
    for hour, camera in served:
        if camera in places:
            table[hour.hour, places[camera]] = True
    return table


def _joined(day: date, parts: Sequence[_Coded]) -> MinuteRows:
    """The rows of some parts, each of which has names of its own."""
    cameras, labels = (tuple(sorted({name for one in parts for name in one[place]})) for place in (0, 1))
    pairs = [
        _places(one.cameras, cameras)[one.camera] * len(labels) + _places(one.labels, labels)[one.label]
        for one in parts
    ]
    columns = [narrow(np.concatenate(column)) for column in zip(*(one[4:] for one in parts), strict=True)]
    return MinuteRows(day, cameras, labels, narrow(np.concatenate(pairs)), *columns)


def _places(names: Sequence[str], among: Sequence[str]) -> Ints:
    """Where each name stands among others."""
    return np.array([among.index(name) for name in names], np.int64)


def narrow(codes: npt.NDArray[Any]) -> Narrow:
    """The same numbers, none below zero, in as few bytes as hold them all."""
    return codes.astype(np.min_scalar_type(int(codes.max(initial=0))))


def size_of(kept: Any) -> int:
    """Bytes of the arrays of a dataclass."""
    return sum(
        array.nbytes for one in fields(kept) if isinstance(array := getattr(kept, one.name), np.ndarray)
    )


def _coded(names: pa.ChunkedArray) -> tuple[Ints, tuple[str, ...]]:
    coded = pc.fill_null(names.cast(pa.string()), "").combine_chunks().dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), tuple(coded.dictionary.to_pylist())


def _sectors(rows: pa.Table) -> Ints:
    places = [
        pc.index_in(rows[name].cast(pa.string()), pa.array(words))
        for name, words in (("sector_v", HEIGHTS), ("sector_h", SIDES))
    ]
    v, h = (pc.fill_null(place, SECTORS).to_numpy() for place in places)
    return np.where((v < 3) & (h < 3), 3 * v + h, SECTORS).astype(np.int64)


def frames_by_minute(hours: Iterable[tuple[CameraHour, Sequence[int]]]) -> dict[str, Narrow]:
    """The frames of a day by camera, from those of its hours by minute [60]; arrays are [MINUTES]."""
    frames: dict[str, Ints] = {}
    for one, minutes in hours:
        start = one.hour.hour * 60
        frames.setdefault(one.camera, np.zeros(MINUTES, np.int64))[start : start + 60] += minutes
    return {camera: narrow(counts) for camera, counts in frames.items()}


def _hour(hour: datetime, camera: str, state: str, row: Mapping[str, Any]) -> tuple[CameraHour, list[int]]:
    received, analysed, gated = (row.get(name) or 0 for name in ("received", "analysed", "gated"))
    observed = row.get("seconds_observed") or 0.0
    seen = CameraHour(hour, camera, state, received, analysed, observed, gated)
    return seen, row.get("analysed_by_minute") or [0] * 60
