"""Detectors that others trained: a SavedModel with a labels file, as the TF2 model zoo has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from jobs.detector.detected_object import DetectedObject
from jobs.detector.engines import SavedModel
from jobs.detector.model_manifest import SAVED_MODEL
from jobs.detector.ssd_decoding import RawDetections

GRAPH: Final = "saved_model.pb"


class SavedModelDetector:
    """A SavedModel that is shown each picture at its own size, or at the one size that it takes."""

    def __init__(self, model: SavedModel, labels: Mapping[int, str]) -> None:
        self._model, self._labels = model, labels

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        """Find the objects of each picture (BGR uint8 [H, W, 3], any sizes), best first.

        A class that the labels do not name gets its number as label, since a labels file that belongs to
        another model must not look like a model that sees nothing.
        """
        return [self._name(self._model.find(self._fitted(picture)[None])[0]) for picture in pictures]

    def _fitted(self, picture: np.ndarray) -> np.ndarray:
        height, width = self._model.size
        size = width or picture.shape[1], height or picture.shape[0]
        same = size == (picture.shape[1], picture.shape[0])
        sized = picture if same else cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.cvtColor(sized, cv2.COLOR_BGR2RGB))

    def _name(self, detections: RawDetections) -> list[DetectedObject]:
        best = np.argsort(-detections.scores, kind="stable")
        boxes = np.clip(detections.boxes, 0, 1)
        return [
            DetectedObject(
                self._labels.get(number) or f"class {number}",
                float(detections.scores[row]),
                *map(float, boxes[row]),
            )
            for row, number in ((row, int(detections.classes[row]) + 1) for row in best)
        ]


def find_saved_model(folder: Path) -> Path | None:
    """Return the SavedModel that a folder is, or holds; None when there is none."""
    places = (folder, folder / SAVED_MODEL)
    return next((place for place in places if (place / GRAPH).is_file()), None)
