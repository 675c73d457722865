"""One UTC day as reports count it: its objects as arrays, and what became of its frames."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import STORED_SCORE
from lake.open_tables import Opened
from lake.questions import of_live_days

MINUTES: Final = 1440
CELL_ROWS: Final = 18
"""Rows of the map of positions over the height of a picture."""
CELL_COLUMNS: Final = 32
HEIGHTS: Final = ("top", "middle", "bottom")
SIDES: Final = ("left", "center", "right")
NEEDED: Final = (
    "published_objects", "camera_hours", "publications", "detections", "frames", "hourly_counts",
)  # fmt: skip


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
        by_minute: of these, int64 [60].
        seconds_observed: 0..3600.
    """

    hour: datetime
    camera: str
    state: str
    received: int
    analysed: int
    by_minute: npt.NDArray[np.int64]
    seconds_observed: float


@dataclass(frozen=True, eq=False, slots=True)
class Day:
    """Objects with score >= 0.2 and camera hours of a UTC day. Arrays have one entry per object.

    Attributes:
        day: UTC.
        minute: uint16, minute of the day of observation.
        camera: uint16, place in `cameras`.
        label: uint16, place in `labels`.
        score: float32, 0..1.
        sector: uint8, 3 * row + column of the sector; 9 where it is none.
        cell: uint16, CELL_COLUMNS * row + column of the box's centre.
        cameras, labels: names.
        hours: sorted by hour and camera.
    """

    day: date
    minute: npt.NDArray[np.uint16]
    camera: npt.NDArray[np.uint16]
    label: npt.NDArray[np.uint16]
    score: npt.NDArray[np.float32]
    sector: npt.NDArray[np.uint8]
    cell: npt.NDArray[np.uint16]
    cameras: tuple[str, ...]
    labels: tuple[str, ...]
    hours: tuple[CameraHour, ...]

    @property
    def count(self) -> int:
        """Objects."""
        return len(self.minute)


OBJECTS: Final = (
    "SELECT to_unixtime(v.observed_at) AS seconds, v.camera_id, v.label, v.score, "
    "v.sector_v, v.sector_h, (v.ymin + v.ymax) / 2 AS y, (v.xmin + v.xmax) / 2 AS x "
    "FROM objects v WHERE v.day = DATE '{day}'"
)
HOURS: Final = (
    "SELECT v.hour, v.camera_id, v.state, v.received, v.analysed, v.analysed_by_minute, v.seconds_observed "
    "FROM serving_camera_hours v WHERE v.day = DATE '{day}'"
)
HELD: Final = (
    "SELECT v.hour, v.camera_id FROM publication_states v WHERE v.day = DATE '{day}' AND v.state = 'held'"
)


def read_day(opened: Opened, day: date) -> Day:
    """Everything that reports need of a day."""
    rows = _ask(opened, OBJECTS, day)
    seconds = rows["seconds"].to_numpy()
    camera, cameras = _coded(rows["camera_id"])
    label, labels = _coded(rows["label"])
    return Day(
        day,
        (seconds // 60 % MINUTES).astype(np.uint16),
        camera,
        label,
        rows["score"].to_numpy().astype(np.float32),
        _sectors(rows),
        _cells(rows["y"].to_numpy(), rows["x"].to_numpy()),
        cameras,
        labels,
        _hours(opened, day),
    )


def _ask(opened: Opened, sql: str, day: date) -> pa.Table:
    live = [day] if day in opened.live_days else []
    statement = of_live_days(sql.format(day=day.isoformat()), live)
    found = opened.builder.execute(statement.format(threshold=f"{STORED_SCORE:f}"))
    return pa.table(found.read_all())


def _coded(names: pa.ChunkedArray) -> tuple[npt.NDArray[np.uint16], tuple[str, ...]]:
    coded = pc.fill_null(names.cast(pa.string()), "").combine_chunks().dictionary_encode()
    return coded.indices.to_numpy().astype(np.uint16), tuple(coded.dictionary.to_pylist())


def _sectors(rows: pa.Table) -> npt.NDArray[np.uint8]:
    places = [
        pc.index_in(rows[name].cast(pa.string()), pa.array(words))
        for name, words in (("sector_v", HEIGHTS), ("sector_h", SIDES))
    ]
    v, h = (pc.fill_null(place, 9).to_numpy() for place in places)
    return np.where((v < 3) & (h < 3), 3 * v + h, 9).astype(np.uint8)


def _cells(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    # A box may reach over the edge or be no number at all; its centre is then drawn at the edge.
    row = np.clip(np.nan_to_num(y) * CELL_ROWS, 0, CELL_ROWS - 1).astype(np.uint16)
    column = np.clip(np.nan_to_num(x) * CELL_COLUMNS, 0, CELL_COLUMNS - 1).astype(np.uint16)
    return row * CELL_COLUMNS + column


def _hours(opened: Opened, day: date) -> tuple[CameraHour, ...]:
    held = {(row["hour"], row["camera_id"]) for row in _ask(opened, HELD, day).to_pylist()}
    served = {(row["hour"], row["camera_id"]): row for row in _ask(opened, HOURS, day).to_pylist()}
    return tuple(
        _hour(*key, "held" if key in held else served[key]["state"], served.get(key, {}))
        for key in sorted(served.keys() | held)
    )


def _hour(hour: datetime, camera: str, state: str, row: dict[str, object]) -> CameraHour:
    numbers = {name: row.get(name) or 0 for name in ("received", "analysed", "seconds_observed")}
    minutes = np.array(row.get("analysed_by_minute") or [0] * 60, np.int64)
    return CameraHour(
        hour,
        camera,
        state,
        int(str(numbers["received"])),
        int(str(numbers["analysed"])),
        minutes,
        float(str(numbers["seconds_observed"])),
    )
