"""One UTC day as reports count it: its objects as arrays, and what became of its frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts.wire_format import STORED_SCORE
from lake.serving.open_tables import TableSnapshot
from lake.serving.questions import of_live_hours
from lake.storage.sql_literals import days_between

MINUTES: Final = 1440
CELL_ROWS: Final = 18
"""Rows of the map of positions over the height of a picture."""
CELL_COLUMNS: Final = 32
CELLS: Final = CELL_ROWS * CELL_COLUMNS
SECTORS: Final = 10
"""Nine, and one for objects without."""
HEIGHTS: Final = ("top", "middle", "bottom")
SIDES: Final = ("left", "center", "right")
NEEDED: Final = (
    "published_objects", "camera_hours", "publications", "detections", "frames", "hourly_counts",
)  # fmt: skip

Codes = npt.NDArray[np.int64]
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
class Day:
    """Objects with score >= 0.2 and camera hours of a UTC day.

    Arrays have one entry per object, the highest score first, so that a threshold is a slice. Each object is
    two numbers, so that all charts need two counts.

    Attributes:
        day: UTC.
        score: float32, falling, 0..1.
        when: minute of the day of observation * number of labels + place in `labels`.
        where: (place in `cameras` * SECTORS + sector) * CELLS + cell. The sector is 3 * row + column, or 9
            where it is none; the cell is CELL_COLUMNS * row + column of the box's centre. Both are unsigned,
            of 16 bits up to 45 labels and 11 cameras, of 32 bits beyond.
        cameras, labels: names.
        hours: sorted by hour and camera.
        frames: camera to its frames that count by minute of the day, int64 [MINUTES].
    """

    day: date
    score: npt.NDArray[np.float32]
    when: Narrow
    where: Narrow
    cameras: tuple[str, ...]
    labels: tuple[str, ...]
    hours: tuple[CameraHour, ...]
    frames: Mapping[str, Codes]

    @property
    def count(self) -> int:
        """Objects."""
        return len(self.score)


OBJECTS: Final = (
    "SELECT to_unixtime(v.observed_at) AS seconds, v.camera_id, v.label, v.score, "
    "v.sector_v, v.sector_h, (v.ymin + v.ymax) / 2 AS y, (v.xmin + v.xmax) / 2 AS x "
    "FROM objects v WHERE v.day = DATE '{day}'"
)
HOURS: Final = (
    "SELECT v.hour, v.camera_id, v.state, v.received, v.analysed, v.analysed_by_minute, v.seconds_observed, "
    "v.gated "
    "FROM serving_camera_hours v WHERE v.day = DATE '{day}'"
)
HELD: Final = (
    "SELECT v.hour, v.camera_id FROM publication_states v WHERE v.day = DATE '{day}' AND v.state = 'held'"
)


def read_day(opened: TableSnapshot, day: date) -> Day:
    """Everything that reports need of a day."""
    rows = _ask(opened, OBJECTS, day)
    camera, cameras = _coded(rows["camera_id"])
    label, labels = _coded(rows["label"])
    minute = rows["seconds"].to_numpy() // 60 % MINUTES
    cell = _cells(rows["y"].to_numpy(), rows["x"].to_numpy())
    return Day(
        day,
        *by_score(
            rows["score"].to_numpy().astype(np.float32),
            minute * len(labels) + label,
            (camera * SECTORS + _sectors(rows)) * CELLS + cell,
        ),
        cameras,
        labels,
        *_hours(opened, day),
    )


def by_score(
    score: npt.NDArray[np.float32], when: Codes, where: Codes
) -> tuple[npt.NDArray[np.float32], Narrow, Narrow]:
    """The arrays of a day, the highest score first."""
    order = np.argsort(-np.nan_to_num(score))
    return score[order], narrow(when[order]), narrow(where[order])


def narrow(codes: Codes) -> Narrow:
    """The same numbers in as few bytes as hold them all, and no fewer than two."""
    kind = np.promote_types(np.uint16, np.min_scalar_type(int(codes.max(initial=0))))
    return codes.astype(kind)


def _ask(opened: TableSnapshot, sql: str, day: date) -> pa.Table:
    live = [hour for hour in opened.live_hours if hour[0] == day]
    statement = of_live_hours(sql.format(day=day.isoformat()), live, days_between("t", day, day))
    return opened.ask(statement.format(threshold=f"{STORED_SCORE:f}"))


def _coded(names: pa.ChunkedArray) -> tuple[Codes, tuple[str, ...]]:
    coded = pc.fill_null(names.cast(pa.string()), "").combine_chunks().dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), tuple(coded.dictionary.to_pylist())


def _sectors(rows: pa.Table) -> Codes:
    places = [
        pc.index_in(rows[name].cast(pa.string()), pa.array(words))
        for name, words in (("sector_v", HEIGHTS), ("sector_h", SIDES))
    ]
    v, h = (pc.fill_null(place, 9).to_numpy() for place in places)
    return np.where((v < 3) & (h < 3), 3 * v + h, SECTORS - 1).astype(np.int64)


def _cells(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32]) -> Codes:
    # A box may reach over the edge or be no number at all; its centre is then drawn at the edge.
    row = np.clip(np.nan_to_num(y) * CELL_ROWS, 0, CELL_ROWS - 1).astype(np.int64)
    column = np.clip(np.nan_to_num(x) * CELL_COLUMNS, 0, CELL_COLUMNS - 1).astype(np.int64)
    return row * CELL_COLUMNS + column


def frames_by_minute(hours: Iterable[tuple[CameraHour, Sequence[int]]]) -> dict[str, Codes]:
    """The frames of a day, from those of its hours by minute [60]."""
    frames: dict[str, Codes] = {}
    for one, minutes in hours:
        start = one.hour.hour * 60
        frames.setdefault(one.camera, np.zeros(MINUTES, np.int64))[start : start + 60] += minutes
    return frames


def _hours(opened: TableSnapshot, day: date) -> tuple[tuple[CameraHour, ...], dict[str, Codes]]:
    held = {(row["hour"], row["camera_id"]) for row in _ask(opened, HELD, day).to_pylist()}
    served = {(row["hour"], row["camera_id"]): row for row in _ask(opened, HOURS, day).to_pylist()}
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
