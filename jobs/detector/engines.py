"""The two ways to run a model: TensorFlow's SavedModel, and LiteRT's raw heads.

Each engine imports its own runtime when it is made, never before: TensorFlow takes seconds and a gigabyte.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from jobs.detector.model_manifest import ANCHORS, SAVED_MODEL, Manifest, ModelFilesError, check_files
from jobs.detector.ssd_decoding import RawDetections, find_objects

OUTPUTS: Final = ("detection_boxes", "detection_scores", "detection_classes")


class Engine(Protocol):
    """Finds objects in pictures that already have the model's input size."""

    def find(self, pictures: np.ndarray) -> list[RawDetections]:
        """Find the objects of each picture, uint8 RGB [N, S, S, 3]."""
        ...


def normalise(pictures: np.ndarray) -> np.ndarray:
    """Scale uint8 to float32 in -1..1, as the network was trained."""
    scaled = pictures.astype(np.float32)
    scaled *= 2 / 255
    scaled -= 1
    return scaled


class ModelFailedError(RuntimeError):
    """A loaded model that failed on a picture."""


class SavedModel:
    """A SavedModel with the signature of TF2's object-detection models.

    Attributes:
        size: height and width in pixels that it takes; None where it takes any.

    Raises:
        ModelFilesError: it cannot be loaded, or has another signature.
    """

    def __init__(self, folder: Path, threads: int, score: float) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import tensorflow as tf

        _limit_threads(tf, threads)
        try:
            self._model = tf.saved_model.load(str(folder))
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise ModelFilesError(f"{folder} cannot be loaded: {error}") from error
        self._call = self._model.signatures.get("serving_default")
        spec = _find_input(self._call, folder, tf)
        self._input: str = spec.name
        self._batch: int | None = spec.shape[0]
        self.size: tuple[int | None, int | None] = (spec.shape[1], spec.shape[2])
        self._tf = tf
        self._score = score

    def find(self, pictures: np.ndarray) -> list[RawDetections]:
        """Find the objects of each picture, uint8 RGB [N, H, W, 3].

        Raises:
            ModelFailedError: TensorFlow refused the pictures.
        """
        step = self._batch or len(pictures)
        batches = [pictures[start : start + step] for start in range(0, len(pictures), step or 1)]
        return [detections for batch in batches for detections in self._find_batch(batch)]

    def _find_batch(self, pictures: np.ndarray) -> list[RawDetections]:
        try:
            outputs = self._call(**{self._input: self._tf.constant(pictures)})
        except self._tf.errors.OpError as error:
            raise ModelFailedError(f"the model failed: {error}") from error
        boxes, scores, classes = (outputs[name].numpy() for name in OUTPUTS)
        kept = [np.flatnonzero(row >= self._score) for row in scores]
        return [
            RawDetections(boxes[row][keep], scores[row][keep], classes[row][keep].astype(np.int64) - 1)
            for row, keep in enumerate(kept)
        ]


def _find_input(call: Any, folder: Path, tf: Any) -> Any:
    """Return the spec of a detector's only input; its name is the keyword of the call."""
    inputs = list(call.structured_input_signature[1].values()) if call else []
    outputs = set(call.structured_outputs) if call else set()
    fits = [spec for spec in inputs if spec.dtype == tf.uint8 and spec.shape.rank == 4]
    if len(inputs) == 1 and fits and set(OUTPUTS) <= outputs:
        return fits[0]
    taken = ", ".join(f"{spec.dtype.name} {spec.shape}" for spec in inputs) or "nothing"
    raise ModelFilesError(
        f"{folder} is no detector that can be run: its signature serving_default takes {taken} and gives "
        f"{', '.join(sorted(outputs)) or 'nothing'}; wanted is uint8 [N, H, W, 3] → {', '.join(OUTPUTS)}"
    )


class TensorFlowEngine(SavedModel):
    """The SavedModel of a model folder, checked against its manifest."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int, score: float) -> None:
        check_files(folder, manifest, [SAVED_MODEL])
        super().__init__(folder / SAVED_MODEL, threads, score)


def _limit_threads(tf: Any, threads: int) -> None:
    """Set TensorFlow's pools; it allows that once per process, before its first computation."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # a second detector in one process shares the pools of the first


class LiteRtEngine:
    """An SSD cut before its box decoding, run by LiteRT, one picture at a time."""

    def __init__(
        self, folder: Path, manifest: Manifest, precision: str, threads: int, score: float, iou: float
    ) -> None:
        weights = f"{precision}.tflite"
        check_files(folder, manifest, [weights, ANCHORS])
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(folder / weights), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input: int = self._interpreter.get_input_details()[0]["index"]
        outputs = self._interpreter.get_output_details()
        # converters rename outputs; boxes are the ones with four numbers
        self._boxes, self._logits = (
            entry["index"] for entry in sorted(outputs, key=lambda entry: int(entry["shape"][-1]))
        )
        self._anchors = np.load(folder / ANCHORS)
        self._score, self._iou = score, iou

    def find(self, pictures: np.ndarray) -> list[RawDetections]:
        """Find the objects of each picture, uint8 RGB [N, S, S, 3]."""
        return [self._find_one(picture) for picture in pictures]

    def _find_one(self, picture: np.ndarray) -> RawDetections:
        self._interpreter.set_tensor(self._input, normalise(picture[None]))
        self._interpreter.invoke()
        encoded, logits = (self._interpreter.get_tensor(index)[0] for index in (self._boxes, self._logits))
        return find_objects(encoded, logits, self._anchors, self._score, self._iou)
