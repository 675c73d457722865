"""Draw the objects on the frames of one synthetic hour: labels, scores, boxes, and sectors."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from jobs.demo.cameras import OTHER_SIZE, SIZES, Scene
from jobs.detector.sectors import COLUMNS, ROWS
from lake.contracts.wire_format import STORED_SCORE

MIN_SCORE_DRAWN: Final = 0.4
"""Share of the objects with a low score."""
SMALLEST, LARGEST = 0.02, 0.95
"""Sides of a box, as parts of the picture."""


def draw_rows(rows: list[np.ndarray], counts: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw the row of each object from its camera's rows, camera after camera."""
    return np.concatenate(
        [
            own_rows[random.integers(0, len(own_rows), count)]
            for own_rows, count in zip(rows, counts.tolist(), strict=True)
            if count
        ]
        or [np.empty(0, dtype=np.int64)]
    )


def draw_objects(row: np.ndarray, rows: int, columns: pa.Table) -> pa.Array:
    """Gather objects into one list per row, best score first.

    Args:
        row: the row of each object.
        rows: number of rows.
        columns: the objects' columns, in the order of `row`.
    """
    order = np.lexsort((-columns["score"].to_numpy(), row))
    ends = np.bincount(row, minlength=rows).cumsum()
    struct = pa.StructArray.from_arrays(
        [columns[name].combine_chunks().take(pa.array(order)) for name in columns.column_names],
        columns.column_names,
    )
    return pa.ListArray.from_arrays(pa.array(np.append(0, ends), pa.int32()), struct)


def draw_detections(scenes: list[Scene], counts: np.ndarray, random: np.random.Generator) -> pa.Table:
    """Draw each camera's number of objects: columns as in the struct of `detections.objects`."""
    labels = [_labels(scene, count, random) for scene, count in zip(scenes, counts.tolist(), strict=True)]
    label = np.concatenate(labels) if labels else np.empty(0, dtype=object)
    centre = np.repeat(np.array([scene.centre for scene in scenes]), counts, axis=0)
    ymin, xmin, ymax, xmax = _boxes(label, centre, random)
    return pa.table({
        "label": pa.array(label, pa.string()),
        "score": _scores(len(label), random),
        "ymin": ymin,
        "xmin": xmin,
        "ymax": ymax,
        "xmax": xmax,
        "sector_v": pa.array(ROWS).take(thirds(ymin, ymax)),
        "sector_h": pa.array(COLUMNS).take(thirds(xmin, xmax)),
    })  # fmt: skip


def thirds(low: np.ndarray, high: np.ndarray) -> pa.Array:
    """Return the third of the picture that holds each box's centre, as in `jobs.detector.sectors`."""
    centre = (low.astype(np.float64) + high.astype(np.float64)) / 2
    return pa.array((centre * 3).astype(np.int64).clip(0, 2))


def _labels(scene: Scene, count: int, random: np.random.Generator) -> np.ndarray:
    shares = np.array(list(scene.labels.values()))
    return np.array(list(scene.labels), dtype=object)[
        random.choice(len(shares), count, p=shares / shares.sum())
    ]


def _scores(count: int, random: np.random.Generator) -> np.ndarray:
    doubtful = random.random(count) < MIN_SCORE_DRAWN
    sure = np.where(doubtful, random.beta(1.1, 4, count), random.beta(5, 2, count))
    return np.asarray((STORED_SCORE + (0.99 - STORED_SCORE) * sure).astype(np.float32))


def _boxes(label: np.ndarray, centre: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Draw ymin, xmin, ymax, xmax in 0..1, float32; lower in the picture is nearer and larger."""
    usual = np.array([SIZES.get(name, OTHER_SIZE) for name in label]).reshape(-1, 2)
    place = centre + random.normal(0, 0.18, centre.shape)
    nearness = (0.5 + place[:, :1]).clip(0.4, 1.5)
    size = (usual * nearness * random.lognormal(0, 0.3, usual.shape)).clip(SMALLEST, LARGEST)
    place = np.clip(place, size / 2, 1 - size / 2)
    low, high = (place - size / 2).clip(0, 1), (place + size / 2).clip(0, 1)
    return tuple(edge.astype(np.float32) for edge in (low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
