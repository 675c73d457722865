"""An hour of many cameras in the lake, as the archives would have written it: pictures are only their sizes.

Every camera takes a picture at a steady pace, one after the other, so that the records come evenly. The
commits are as many as those of the archives: one every 15 s to `frames`, one every 2 s to `detections`, and
one for each 128 frames that the batch layer analysed later.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.hours.detect_chunk import MOST_FRAMES
from lake.contracts.hours import HOUR, format_hour
from lake.contracts.wire_format import FRAME_SCHEMA, FRAMES_TOPIC, Status
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.schema.table import Table
from lake.storage.tables import Lake

LIFE: Final = "simulated"
"""Stands for the UUID of the topic, so that no broker is asked about it."""
FRAMES_COMMIT_S, DETECTIONS_COMMIT_S = 15, 2
LABELS: Final = ("person", "car", "bicycle", "dog", "truck", "bus", "cat", "bird", "chair", "bench")
THIRDS: Final = pa.array(["top", "middle", "bottom"]), pa.array(["left", "center", "right"])
SKIPPED_REASON: Final = "a newer frame of the camera came in the same batch"
HEADERS: Final = ("schema", "frame_id", "captured_at", "sent_at", "session", "sequence", "width", "height")
MOMENT: Final = pa.timestamp("us", tz="UTC")
Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fleet:
    """The cameras of a simulation.

    Attributes:
        cameras: how many; a multiple of `partitions`.
        every_s: seconds between two pictures of one camera.
        partitions: of the frames topic.
        picture_bytes: size of an average picture.
        objects: with score >= 0.2 on an average picture.
        skipped: share of the frames that the speed layer skips.
        slower: 1 for as many commits as there are, more for so many times fewer.
    """

    cameras: int
    every_s: float
    partitions: int
    picture_bytes: int
    objects: float
    skipped: float
    slower: int = 1

    def __post_init__(self) -> None:
        """Refuse partitions of different sizes, which the offsets of `_origin` do not know."""
        if self.cameras % self.partitions:
            raise ValueError(f"{self.cameras} cameras: take a multiple of {self.partitions} partitions")

    @property
    def per_hour(self) -> int:
        """Records in an hour."""
        return int(HOUR.total_seconds() / self.every_s) * self.cameras

    @property
    def names(self) -> pa.Array:
        """Camera ids."""
        return pa.array([f"camera-{number:05}" for number in range(self.cameras)])

    def within(self, seconds: float) -> int:
        """Records that come in a stretch of time."""
        return int(seconds * self.cameras / self.every_s)


def frames_of(fleet: Fleet, hour: datetime, first: int, end: int, dice: np.random.Generator) -> pa.Table:
    """Rows of `frames`, the hour's records from number `first` up to, not including, `end`."""
    number = np.arange(first, end)
    camera, turn, count = number % fleet.cameras, number // fleet.cameras, len(number)
    start = int(hour.timestamp()) * 1_000_000
    captured = start + (number * fleet.every_s / fleet.cameras * 1e6).astype(np.int64)
    origin = _origin(fleet, camera, turn, captured, hour)
    columns = {
        **origin,
        "format": _same(FRAME_SCHEMA, count),
        "session": pa.array([f"{one:032x}" for one in camera.tolist()]),
        "sequence": pa.array(turn),
        "width": _same(1280, count),
        "height": _same(720, count),
        "key": origin["camera_id"].cast(pa.binary()),
        "bytes": pa.array(dice.normal(fleet.picture_bytes, fleet.picture_bytes / 5, count).astype(np.int64)),
        "sha256": _hexadecimal(dice, count),
    }
    return pa.table({**columns, "headers": _headers(columns, count)})


def _origin(
    fleet: Fleet, camera: np.ndarray, turn: np.ndarray, captured: np.ndarray, hour: datetime
) -> Columns:
    """Columns that both tables have."""
    each, names, count = fleet.cameras // fleet.partitions, fleet.names.take(pa.array(camera)), len(camera)
    appended = -(-(captured + 45_000) // 1000) * 1000  # Kafka knows milliseconds
    frame_id = pc.binary_join_element_wise(names, format_hour(hour), pa.array(turn).cast(pa.string()), "/")
    return {
        "topic": _same(FRAMES_TOPIC, count),
        "topic_id": _same(LIFE, count),
        "partition": pa.array(camera % fleet.partitions, pa.int32()),
        "offset": pa.array(turn * each + camera // fleet.partitions),
        "appended_at": pa.array(appended).cast(MOMENT),
        "camera_id": names,
        "frame_id": frame_id,
        "captured_at": pa.array(captured).cast(MOMENT),
        "sent_at": pa.array(captured + 40_000).cast(MOMENT),
        "observed_at": pa.array(captured).cast(MOMENT),
        "clock_skewed": _same(False, count),
        "day": _same(hour.date(), count),
    }


def _same(value: Any, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), count)


def _hexadecimal(dice: np.random.Generator, count: int) -> list[str]:
    text = dice.bytes(32 * count).hex()
    return [text[start : start + 64] for start in range(0, 64 * count, 64)]


def _headers(columns: Columns, count: int) -> pa.Array:
    """As an agent sends them."""
    said_of = {**columns, "schema": columns["format"]}
    texts = [pa.array(said_of[name]).cast(pa.string()).cast(pa.binary()) for name in HEADERS]
    order = (np.arange(len(HEADERS))[None, :] * count + np.arange(count)[:, None]).ravel()
    values = pa.concat_arrays(texts).take(pa.array(order))
    pairs = pa.StructArray.from_arrays([pa.array([*HEADERS] * count), values], ["key", "value"])
    edges = np.arange(count + 1, dtype=np.int32) * len(HEADERS)
    return pa.ListArray.from_arrays(pa.array(edges), pairs)


def outcomes_of(fleet: Fleet, frames: pa.Table, layer: str, dice: np.random.Generator) -> pa.Table:
    """Rows of `detections` of these frames; the speed layer skips some, the batch layer none."""
    count, speed = frames.num_rows, layer == "speed"
    skipped = (dice.random(count) < fleet.skipped) & speed
    status = pa.array([str(Status.DETECTED), str(Status.SKIPPED_SUPERSEDED)]).take(skipped.astype(np.int64))
    end = frames["appended_at"].cast(pa.int64()).to_numpy()
    moments = [end + wait for wait in (200_000, 300_000, 400_000)]
    if not speed:
        moments = [moment + int(HOUR.total_seconds()) * 1_000_000 for moment in moments]
    same = DETECTIONS.columns
    return pa.table({
        **{name: frames[name] for name in frames.column_names if name in same},
        "layer": _same(layer, count),
        "run_id": _same(f"{LIFE}-{layer}", count),
        "status": status,
        "reason": pa.array([None, SKIPPED_REASON]).take(skipped.astype(np.int64)),
        "objects": _objects(np.where(skipped, 0, dice.poisson(fleet.objects, count)), dice),
        **{name: pa.array(moment).cast(MOMENT)
           for name, moment in zip(("batch_at", "started_at", "finished_at"), moments, strict=True)},
    })  # fmt: skip


def _objects(counts: np.ndarray, dice: np.random.Generator) -> pa.Array:
    """Lists of so many things that are seen."""
    total = int(counts.sum())
    height, width = dice.uniform(0.05, 0.5, (2, total)).astype(np.float32)
    y, x = (dice.random(total, np.float32) * (1 - side) for side in (height, width))
    places = (((top + side / 2) * 3).astype(np.int64) for top, side in ((y, height), (x, width)))
    sectors = [third.take(pa.array(place)) for third, place in zip(THIRDS, places, strict=True)]
    label = pa.array(LABELS).take(pa.array(dice.geometric(0.4, total) % len(LABELS)))
    values = [label, dice.uniform(0.2, 1, total).astype(np.float32), y, x, y + height, x + width, *sectors]
    names = ["label", "score", "ymin", "xmin", "ymax", "xmax", "sector_v", "sector_h"]
    things = pa.StructArray.from_arrays([pa.array(one) for one in values], names)
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], counts.cumsum()]), pa.int32()), things)


class Writer:
    """Appends to one table as the archives do, and notes how long each commit took, in seconds."""

    def __init__(self, root: Path, table: Table) -> None:
        self._lake, self._table = Lake(root), table
        self._schema = self._lake.arrow_schema(table)
        self._id = f"simulated-{uuid.uuid4()}"
        self.seconds: list[float] = []

    def append(self, rows: pa.Table) -> None:
        """One commit; columns that are not there are null."""
        arrays = [rows[field.name].cast(field.type) if field.name in rows.column_names
                  else pa.nulls(rows.num_rows, field.type) for field in self._schema]  # fmt: skip
        whole = pa.Table.from_arrays(arrays, schema=self._schema)
        began = time.perf_counter()
        self._lake.append_arrow(whole, self._table, self._id, len(self.seconds))
        self.seconds.append(time.perf_counter() - began)


def write_hour(root: Path, fleet: Fleet, hour: datetime) -> dict[str, list[float]]:
    """Write what the archives would have written by the end of the hour; seconds of the commits by table."""
    dice = np.random.default_rng(1)
    frames, detections = Writer(root, FRAMES), Writer(root, DETECTIONS)
    for rows, commits in _stretches(fleet, hour, dice):
        frames.append(rows)
        for part in commits:
            detections.append(outcomes_of(fleet, part, "speed", dice))
    return {FRAMES.name: frames.seconds, DETECTIONS.name: detections.seconds}


def _stretches(
    fleet: Fleet, hour: datetime, dice: np.random.Generator
) -> Iterator[tuple[pa.Table, Iterator[pa.Table]]]:
    """Rows of each commit to `frames`, and the same cut into those of the commits to `detections`."""
    large, small = (
        max(1, fleet.within(span * fleet.slower)) for span in (FRAMES_COMMIT_S, DETECTIONS_COMMIT_S)
    )
    for first in range(0, fleet.per_hour, large):
        rows = frames_of(fleet, hour, first, min(first + large, fleet.per_hour), dice)
        yield rows, (rows.slice(start, small) for start in range(0, rows.num_rows, small))


def settle(root: Path, fleet: Fleet, waiting: list[dict[str, Any]]) -> float:
    """Write what the batch layer would have found on frames that wait; seconds of an average commit."""
    dice, writer = np.random.default_rng(2), Writer(root, DETECTIONS)
    rows = pa.Table.from_pylist(waiting)
    for start in range(0, rows.num_rows, MOST_FRAMES):
        writer.append(outcomes_of(fleet, rows.slice(start, MOST_FRAMES), "batch", dice))
    return sum(writer.seconds) / max(1, len(writer.seconds))


def broker_hours(fleet: Fleet, hour: datetime) -> list[dict[str, Any]]:
    """What the broker would have said of its hour: rows of `broker_hours`."""
    each = fleet.per_hour // fleet.partitions
    return [
        {"hour": hour, "topic": FRAMES_TOPIC, "topic_id": LIFE, "partition": number, "from_offset": 0,
         "to_offset": each, "read_at": hour + HOUR + timedelta(minutes=6)}
        for number in range(fleet.partitions)
    ]  # fmt: skip
