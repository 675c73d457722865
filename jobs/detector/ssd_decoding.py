"""Decode an SSD's raw heads to objects: threshold, decode boxes, suppress doubles. numpy only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

IOU_THRESHOLD = 0.5
MAX_OBJECTS = 100
MAX_CANDIDATES = 2000
"""Candidates kept before suppression, best first; bounds the time that one hostile picture can take."""


class RawDetections(NamedTuple):
    """Objects of one picture, best first.

    Attributes:
        boxes: float32 [K, 4], ymin, xmin, ymax, xmax in 0..1.
        scores: float32 [K].
        classes: int64 [K], index into the labels, from 0.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray


def decode_boxes(encoded: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Decode boxes [K, 4] (ty, tx, th, tw), relative to their anchors [K, 4], to corners [K, 4].

    Box coding of Liu et al., "SSD: Single Shot MultiBox Detector" (2016), variances 1/10 and 1/5.
    """
    size, centre = anchors[:, 2:] - anchors[:, :2], (anchors[:, 2:] + anchors[:, :2]) / 2
    middle = encoded[:, :2] / 10 * size + centre
    half = np.exp(encoded[:, 2:] / 5) * size / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def box_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the intersection over union of all boxes [K, 4] with all others [L, 4]: [K, L] in 0..1."""
    top_left = np.maximum(boxes[:, None, :2], others[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.clip(bottom_right - top_left, 0, None), axis=2)
    areas = _areas(boxes)[:, None] + _areas(others)[None, :] - shared
    return np.asarray(np.divide(shared, areas, out=np.zeros_like(shared), where=areas > 0))


def _areas(boxes: np.ndarray) -> np.ndarray:
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1))


def suppress(detections: RawDetections, iou: float) -> RawDetections:
    """Keep the best of boxes of one class that overlap by more than `iou`; at most 100, clipped to 0..1."""
    best = np.argsort(-detections.scores, kind="stable")[:MAX_CANDIDATES]
    boxes, scores, classes = (part[best] for part in detections)
    rivals = (box_iou(boxes, boxes) > iou) & (classes[:, None] == classes[None, :])
    alive = np.ones(len(best), dtype=bool)
    for row in range(len(best)):
        if alive[row]:
            alive[row + 1 :] &= ~rivals[row, row + 1 :]
    kept = np.flatnonzero(alive)[:MAX_OBJECTS]
    return RawDetections(np.clip(boxes[kept], 0, 1), scores[kept], classes[kept])


def find_objects(
    encoded: np.ndarray, logits: np.ndarray, anchors: np.ndarray, score: float, iou: float
) -> RawDetections:
    """Find the objects in one picture's raw heads: encoded boxes [A, 4] and logits [A, C].

    The threshold comes first, so that only the few boxes above it are decoded.
    """
    rows, classes = np.nonzero(logits > np.log(score / (1 - score)))
    boxes = decode_boxes(encoded[rows], anchors[rows])
    scores = 1 / (1 + np.exp(-logits[rows, classes]))
    return suppress(RawDetections(boxes, scores.astype(np.float32), classes), iou)
