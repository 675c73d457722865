"""One UTC day as reports count it: its objects by the minute, and what became of its frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts.camera_hour import CAMERA_HOUR
from lake.contracts.wire_format import STORED_SCORE
from lake.schema.batch_schemas import MINUTE_COUNTS
from lake.serving.open_tables import TableSnapshot
from lake.serving.questions import of_live_hours
from lake.storage.sql_literals import days_between
from lake.views.counting import CELL_COLUMNS, CELL_ROWS, cell, score_bin
from lake.views.view import same

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
SERVED: Final = (
    f"JOIN publication_states s ON {same('r', 's', ('day', *CAMERA_HOUR))} "
    "WHERE r.day = DATE '{day}' AND s.serving = 'published'"
)
PUBLISHED: Final = f"SELECT {', '.join(f'r.{name}' for name in COLUMNS)} FROM minute_counts r {SERVED}"
SINGLE: Final = (
    "SELECT date_trunc('minute', r.observed_at) AS minute, r.camera_id, r.label, r.sector_v, r.sector_h, "
    f"{score_bin('r.score')} AS score_bin, {cell('r.')} AS cell, CAST(1 AS BIGINT) AS object_count FROM "
)
LIVE: Final = f"{SINGLE} live_objects r WHERE r.day = DATE '{{day}}'"
PUBLISHED_SINGLY: Final = f"{SINGLE} published_objects r {SERVED}"
HOUR_COLUMNS: Final = "r.hour, r.camera_id, r.received, r.analysed, r.analysed_by_minute, r.seconds_observed"
PUBLISHED_HOURS: Final = f"SELECT {HOUR_COLUMNS}, r.gated FROM camera_hours r {SERVED}"
LIVE_HOURS: Final = f"SELECT {HOUR_COLUMNS} FROM live_camera_hours r WHERE r.day = DATE '{{day}}'"
HELD: Final = (
    "SELECT v.hour, v.camera_id FROM publication_states v WHERE v.day = DATE '{day}' AND v.state = 'held'"
)


def read_minutes(opened: TableSnapshot, day: date) -> MinuteRows:
    """The objects of a day: published ones from `minute_counts`, live ones from `detections`."""
    parts = [_published(opened, day)]
    if day in opened.live_days:
        parts.append(_ask(opened, LIVE, day))
    return _minute_rows(day, _joined(parts))


def _published(opened: TableSnapshot, day: date) -> pa.Table:
    """Hours that were published before `minute_counts` held positions are counted from their objects."""
    if "cell" in {field.name for field in opened.tables[MINUTE_COUNTS.name].schema().fields}:
        rows = _ask(opened, PUBLISHED, day)
        if not pc.any(pc.and_(pc.is_valid(rows["sector_v"]), pc.is_null(rows["cell"]))).as_py():
            return rows
    return _ask(opened, PUBLISHED_SINGLY, day)


def _joined(parts: Sequence[pa.Table]) -> pa.Table:
    """The parts, with types that are the same: engines say text in more than one."""
    kinds = {name: pa.string() for name in COLUMNS} | {
        "minute": pa.timestamp("us", "UTC"), "score_bin": pa.float64(), "cell": pa.int32(),
        "object_count": pa.int64(),
    }  # fmt: skip
    return pa.concat_tables(part.select(COLUMNS).cast(pa.schema(list(kinds.items()))) for part in parts)


def _ask(opened: TableSnapshot, sql: str, day: date) -> pa.Table:
    live = [hour for hour in opened.live_hours if hour[0] == day]
    statement = of_live_hours(sql.format(day=day.isoformat()), live, days_between("t", day, day))
    return opened.ask(statement.format(threshold=f"{STORED_SCORE:f}"))


def _minute_rows(day: date, rows: pa.Table) -> MinuteRows:
    score = rows["score_bin"].to_numpy()
    rows = rows.filter(pa.array(score >= STORED_SCORE))  # what is no number reaches no threshold
    camera, cameras = _coded(rows["camera_id"])
    label, labels = _coded(rows["label"])
    places = np.rint(rows["score_bin"].to_numpy() * BINS_PER_ONE) - FIRST_BIN
    sectors, cells = _sectors(rows), pc.fill_null(rows["cell"], CELLS).to_numpy()
    return MinuteRows(
        day,
        cameras,
        labels,
        narrow(camera * len(labels) + label),
        narrow(rows["minute"].cast(pa.int64()).to_numpy() // 60_000_000 % MINUTES),
        narrow(np.minimum(places, BINS - 1).astype(np.int64)),
        narrow(sectors),
        narrow(np.where(sectors < SECTORS, np.minimum(cells, CELLS), CELLS)),
        narrow(rows["object_count"].to_numpy()),
    )


def narrow(codes: npt.NDArray[Any]) -> Narrow:
    """The same numbers, none below zero, in as few bytes as hold them all."""
    return codes.astype(np.min_scalar_type(int(codes.max(initial=0))))


def size_of(kept: Any) -> int:
    """Bytes of the arrays of a dataclass."""
    return sum(
        array.nbytes for one in fields(kept) if isinstance(array := getattr(kept, one.name), np.ndarray)
    )


def _coded(names: pa.ChunkedArray) -> tuple[Ints, tuple[str, ...]]:
    coded = pc.fill_null(names, "").combine_chunks().dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), tuple(coded.dictionary.to_pylist())


def _sectors(rows: pa.Table) -> Ints:
    places = [
        pc.index_in(rows[name], pa.array(words))
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


def read_hours(opened: TableSnapshot, day: date) -> tuple[tuple[CameraHour, ...], dict[str, Narrow]]:
    """The camera hours of a day, sorted by hour and camera, and its frames by camera and minute."""
    held = {(row["hour"], row["camera_id"]) for row in _ask(opened, HELD, day).to_pylist()}
    # The view of both is not asked: to plan its live part takes longer than all else, also of no live hour.
    live = _ask(opened, LIVE_HOURS, day).to_pylist() if day in opened.live_days else []
    served = {
        (row["hour"], row["camera_id"]): row | {"state": state}
        for state, rows in (("published", _ask(opened, PUBLISHED_HOURS, day).to_pylist()), ("live", live))
        for row in rows
    }
    hours = [
        _hour(*key, "held" if key in held else served[key]["state"], served.get(key, {}))
        for key in sorted(served.keys() | held)
    ]
    return tuple(one for one, _ in hours), frames_by_minute(hours)


def _hour(hour: datetime, camera: str, state: str, row: Mapping[str, Any]) -> tuple[CameraHour, list[int]]:
    received, analysed, gated = (row.get(name) or 0 for name in ("received", "analysed", "gated"))
    observed = row.get("seconds_observed") or 0.0
    seen = CameraHour(hour, camera, state, received, analysed, observed, gated)
    return seen, row.get("analysed_by_minute") or [0] * 60
