"""Rows of a synthetic history, as the archives would have written them: `frames` and `detections`.

Frames have no bytes. What the speed layer skipped was analysed by the batch layer, so that nothing is left
for it to analyse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.demo.cameras import scene_of
from jobs.demo.frames import Frames, draw_waits
from jobs.demo.history import Plan
from jobs.demo.objects import draw_detections, draw_objects, draw_rows
from lake.contracts.hours import HOUR
from lake.contracts.wire_format import FRAME_SCHEMA, SYNTHETIC_TOPIC, TOPIC_PARTITIONS, Status

"""Marks every row of an invented history."""
LAYERS: Final = ("speed", "batch")
ENDINGS: Final = (Status.DETECTED.value, Status.CORRUPT.value, Status.SKIPPED_SUPERSEDED.value)
REASONS: Final = (
    None,
    "jpeg has no marker at byte 2; it is damaged",
    "a newer frame of the camera came in the same batch",
)
MOMENT: Final = pa.timestamp("us", tz="UTC")
CHUNK_OBJECTS: Final = 250_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive hours `start` up to, not including, `end` of one UTC day, and their rows."""

    start: int
    end: int
    frames: pa.Table
    detections: pa.Table


def chunks(plan: Plan) -> Iterator[Chunk]:
    """Yield all rows, in parts of at most one day and few objects, so that memory stays bounded."""
    before = np.zeros(TOPIC_PARTITIONS, dtype=np.int64)
    for start, end in _ranges(plan):
        parts = []
        for number in range(start, end):
            random = np.random.default_rng([plan.history.seed, 1, number])
            frames = Frames.draw(plan, number, random)
            parts.append(rows_of_hour(plan, number, frames, frames.offsets(before), random))
            before += np.bincount(frames.partition, minlength=TOPIC_PARTITIONS)
        yield Chunk(start, end, *(pa.concat_tables(tables) for tables in zip(*parts, strict=True)))


def _ranges(plan: Plan) -> Iterator[tuple[int, int]]:
    start, size = 0, 0
    for number, objects in enumerate(plan.objects.sum(axis=1).tolist()):
        if number > start and (plan.history.hour(number).hour == 0 or size + objects > CHUNK_OBJECTS):
            yield start, number
            start, size = number, 0
        size += objects
    yield start, plan.history.hour_count


def topic_id(seed: int) -> str:
    """Return the text that stands for the topic's UUID."""
    return f"{SYNTHETIC_TOPIC}-{seed}"


def run_id(seed: int, layer: str) -> str:
    """Return the id of a layer's detector run."""
    return f"{topic_id(seed)}-{layer}"


def rows_of_hour(
    plan: Plan, number: int, frames: Frames, offsets: np.ndarray, random: np.random.Generator
) -> tuple[pa.Table, pa.Table]:
    """Build the rows of `frames` and `detections` of one hour of all cameras."""
    sessions = pa.array([_session(plan, number, camera) for camera in range(plan.history.cameras)])
    session, sequence = sessions.take(frames.camera), plan.sequences[number][frames.camera] + frames.nth
    origin = _origin(plan, number, frames, offsets, session, sequence)
    rows = {
        **origin,
        "session": session,
        "sequence": pa.array(sequence),
        "motion": pa.array(random.beta(1.5, 12, len(frames)).round(4)),
        "key": origin["camera_id"].cast(pa.binary()),
        **_constant_columns(len(frames)),
    }
    return pa.table(rows), _detections(plan, number, frames, pa.table(origin), random)


def _session(plan: Plan, number: int, camera: int) -> str:
    """Return a random id of the agent's run, as long as a real one."""
    name = f"{plan.history.seed}/{camera}/{plan.sessions[number, camera]}"
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _origin(
    plan: Plan, number: int, frames: Frames, offsets: np.ndarray, session: pa.Array, sequence: np.ndarray
) -> dict[str, Any]:
    """Return the columns that both tables have."""
    count, camera = len(frames), pa.array(plan.history.names).take(frames.camera)
    numbers = pa.array(sequence).cast(pa.string())
    captured = pa.array(frames.captured).cast(MOMENT)
    return {
        "topic": _repeat(SYNTHETIC_TOPIC, count),
        "topic_id": _repeat(topic_id(plan.history.seed), count),
        "partition": pa.array(frames.partition, pa.int32()),
        "offset": pa.array(offsets),
        "appended_at": pa.array(frames.appended).cast(MOMENT),
        "camera_id": camera,
        "frame_id": pc.binary_join_element_wise(camera, session, numbers, "/"),
        "captured_at": captured,
        "sent_at": pa.array(frames.sent).cast(MOMENT),
        "observed_at": captured,
        "clock_skewed": _repeat(False, count),
        "day": _repeat(plan.history.hour(number).date(), count),
    }


def _constant_columns(count: int) -> dict[str, Any]:
    return {
        "format": _repeat(FRAME_SCHEMA, count),
        "width": _repeat(1280, count, pa.int32()),
        "height": _repeat(720, count, pa.int32()),
        "bytes": _repeat(0, count, pa.int64()),
    }


def _repeat(value: Any, count: int, kind: pa.DataType | None = None) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), count)


def _detections(
    plan: Plan, number: int, frames: Frames, origin: pa.Table, random: np.random.Generator
) -> pa.Table:
    """Build a row of the speed layer for each frame, and of the batch layer for each skipped one."""
    again = np.nonzero(frames.skipped)[0]
    frame = np.concatenate([np.arange(len(frames)), again])
    batch = np.arange(len(frame)) >= len(frames)
    ending = np.where(batch, 0, np.where(frames.corrupt, 1, np.where(frames.skipped, 2, 0))[frame])
    runs = pa.array([run_id(plan.history.seed, layer) for layer in LAYERS])
    stages = _stages(plan, number, frames.appended[frame], batch, random)
    columns = {name: origin[name].take(pa.array(frame)) for name in origin.column_names}
    return pa.table({
        **columns,
        "layer": pa.array(LAYERS).take(batch.astype(np.int64)),
        "run_id": runs.take(batch.astype(np.int64)),
        "status": pa.array(ENDINGS).take(ending),
        "reason": pa.array(REASONS).take(ending),
        "objects": _objects(plan, number, frames.camera[frame], ending == 0, random),
        **{name: pa.array(moment).cast(MOMENT) for name, moment in stages.items()},
    })  # fmt: skip


def _objects(
    plan: Plan, number: int, camera: np.ndarray, detected: np.ndarray, random: np.random.Generator
) -> pa.Array:
    """Draw the objects of each row of `detections`: many rows have none."""
    counts, cameras = plan.objects[number], range(plan.history.cameras)
    rows = [np.nonzero((camera == at) & detected)[0] for at in cameras]
    columns = draw_detections([scene_of(at) for at in cameras], counts, random)
    return draw_objects(draw_rows(rows, counts, random), len(camera), columns)


def _stages(
    plan: Plan, number: int, appended: np.ndarray, batch: np.ndarray, random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw when each row was analysed: live within a second, in batch some minutes after the hour.

    Nothing is analysed after the end of the history, which the last hour may reach.
    """
    hour_end = plan.history.hour(number) + HOUR
    time_left = int((plan.history.end - hour_end).total_seconds() * 1_000_000)
    later = int(hour_end.timestamp()) * 1_000_000 + min(time_left, 400_000_000)
    count = len(appended)
    live_at = appended + draw_waits(random, 60, 10, 500, count)
    batch_at = np.where(batch, later, live_at)
    started = np.where(batch, later, live_at + draw_waits(random, 40, 5, 400, count))
    finished = np.where(batch, later, started + draw_waits(random, 60, 20, 800, count))
    return {"batch_at": batch_at, "started_at": started, "finished_at": finished}
