"""Find objects in pictures with the provisioned model; the engine is a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from jobs.detector.detected_object import DetectedObject
from jobs.detector.engines import Engine, LiteRtEngine, TensorFlowEngine
from jobs.detector.images import fit_picture
from jobs.detector.model_manifest import Manifest, Shipment, read_labels, read_manifest
from jobs.detector.ssd_decoding import IOU_THRESHOLD, RawDetections
from lake.config.setting_keys import KEYS
from lake.config.settings import PREFIX, SettingError, Settings, path, text, whole
from lake.contracts.wire_format import STORED_SCORE

ENGINES: Final = KEYS["ENGINE"].allowed
PRECISIONS: Final = KEYS["PRECISION"].allowed
MODEL_NAME: Final = "coco-ssd"


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Settings of a detector.

    Attributes:
        engine: `litert` or `tensorflow`.
        model: the model folder, with its `model.json`.
        threads: CPU threads of one detector.
        score: objects below it (0..1) are dropped; never less than what is stored.
        iou: boxes of one class that overlap by more (0..1) are one object; `tensorflow` allows only 0.5.
        precision: of the weights and arithmetic under `litert`, `float32` or `int8`.
        shipment: what Spark brings to its executors in place of the folder; None where they read that itself.
    """

    engine: str
    model: Path
    threads: int = 1
    score: float = STORED_SCORE
    iou: float = IOU_THRESHOLD
    precision: str = "float32"
    shipment: Shipment | None = None

    def __post_init__(self) -> None:
        """Refuse unknown engines and thresholds without a meaning."""
        if self.engine not in ENGINES or self.precision not in PRECISIONS:
            raise SettingError(
                f"engine {self.engine!r} with precision {self.precision!r} is unknown; "
                f"use one of {', '.join(ENGINES)} with one of {', '.join(PRECISIONS)}"
            )
        if self.engine == "tensorflow" and self.iou != IOU_THRESHOLD:
            raise SettingError(
                f"iou={self.iou:g} cannot be used: a SavedModel suppresses doubles itself; "
                f"leave it at {IOU_THRESHOLD:g} or choose the engine litert"
            )
        if self.threads < 1 or not STORED_SCORE <= self.score < 1 or not 0 < self.iou <= 1:
            raise SettingError(
                f"threads={self.threads}, score={self.score}, iou={self.iou} cannot be used: at least one "
                f"thread, a score from {STORED_SCORE:g} to below 1, an iou above 0 and up to 1"
            )

    @classmethod
    def from_env(cls, env: Mapping[str, str], settings: Settings) -> Self:
        """Read `PYCTURESTREAM_ENGINE`, `_PRECISION`, `_DETECTOR_THREADS` and `_MODEL` (a folder)."""
        return cls(
            engine=text(env, "ENGINE"),
            model=path(env, "MODEL", settings.models / MODEL_NAME),
            threads=whole(env, "DETECTOR_THREADS"),
            precision=text(env, "PRECISION"),
        )

    def to_env(self) -> dict[str, str]:
        """Return the same settings as an environment for a child process."""
        values = {
            "ENGINE": self.engine,
            "MODEL": self.model,
            "DETECTOR_THREADS": self.threads,
            "PRECISION": self.precision,
        }
        return {PREFIX + name: str(value) for name, value in values.items()}


class Detector:
    """A loaded model; keep one per process."""

    def __init__(self, engine: Engine, manifest: Manifest, labels: Sequence[str]) -> None:
        self._engine = engine
        self._labels = labels
        self.manifest = manifest

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        """Find the objects of each picture (BGR uint8 [H, W, 3], any sizes), best first."""
        if not pictures:
            return []
        fitted = np.stack([fit_picture(picture, self.manifest.input_size) for picture in pictures])
        return [self._name(detections) for detections in self._engine.find(fitted)]

    def _name(self, detections: RawDetections) -> list[DetectedObject]:
        named = [(self._label(int(number)), row) for row, number in enumerate(detections.classes)]
        return [
            DetectedObject(label, float(detections.scores[row]), *map(float, detections.boxes[row]))
            for label, row in named
            if label
        ]

    def _label(self, number: int) -> str:
        """Return the label of a class; empty where it is unused, or not in the labels file."""
        return self._labels[number] if 0 <= number < len(self._labels) else ""


def load_detector(settings: DetectorSettings) -> Detector:
    """Check the model's files against its manifest and load them.

    Raises:
        ModelFilesError: the folder is missing, incomplete or changed; the message names the remedy.
    """
    manifest = read_manifest(settings.model)
    labels = read_labels(settings.model, manifest)
    return Detector(_load_engine(settings, manifest), manifest, labels)


def _load_engine(settings: DetectorSettings, manifest: Manifest) -> Engine:
    if settings.engine == "tensorflow":
        return TensorFlowEngine(settings.model, manifest, settings.threads, settings.score)
    thresholds = settings.score, settings.iou
    return LiteRtEngine(settings.model, manifest, settings.precision, settings.threads, *thresholds)
