"""Run every model on every picture, and measure the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Final

import cv2
import numpy as np

from jobs.detector.detected_object import DetectedObject
from jobs.detector.images import annotate_picture, decode_picture
from jobs.evaluation.model_choice import Candidate, LoadedModel, ObjectDetector

FAILURES: Final = (OSError, ValueError, RuntimeError, MemoryError)
"""Errors of a broken file, a wrong model or its engine: each becomes a result, and the others continue."""
MAX_SIDE: Final = 640
"""Pixels of an annotated picture in the report."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file; width and height in pixels, None where it cannot be decoded."""

    name: str
    sha256: str | None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class PictureResult:
    """Result of one model on one picture.

    Attributes:
        picture: the picture.
        objects: with a score of at least 0.2, best first.
        seconds: from the decoded picture to the objects; None where it failed.
        error: why it failed, else None.
        annotated: JPEG with the objects over the threshold drawn; with none where the model failed.
    """

    picture: Picture
    objects: tuple[DetectedObject, ...] = ()
    seconds: float | None = None
    error: str | None = None
    annotated: bytes | None = None


@dataclass(frozen=True, slots=True)
class ModelResults:
    """All results of a model.

    Attributes:
        candidate: the model and its engine.
        weights_sha256: None, like `load_s`, where it could not be loaded.
        load_s: seconds until its first result, on a black picture: engines defer work until then.
            The first model of an engine loads the engine too.
        results: one per picture, in order.
    """

    candidate: Candidate
    weights_sha256: str | None
    load_s: float | None
    results: tuple[PictureResult, ...]

    @property
    def median_s(self) -> float | None:
        """Median seconds per picture; None without results."""
        seconds = [result.seconds for result in self.results if result.seconds is not None]
        return median(seconds) if seconds else None

    @property
    def failed(self) -> int:
        """Number of pictures without a result."""
        return sum(result.error is not None for result in self.results)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Parameters of an evaluation.

    Attributes:
        load: loads a candidate.
        threshold: objects below it are not drawn.
        clock: seconds that only grow.
    """

    load: Callable[[Candidate], LoadedModel]
    threshold: float
    clock: Callable[[], float]

    def run(self, candidates: Sequence[Candidate], pictures: Sequence[Path]) -> Iterator[ModelResults]:
        """Evaluate model after model, so that only one is in memory."""
        for candidate in candidates:
            yield self._evaluate(candidate, pictures)

    def _evaluate(self, candidate: Candidate, pictures: Sequence[Path]) -> ModelResults:
        started = self.clock()
        try:
            loaded = self.load(candidate)
            loaded.detector.detect([np.zeros((360, 640, 3), np.uint8)])
        except FAILURES as error:
            results = (self._detect(path, UnloadableModel(error)) for path in pictures)
            return ModelResults(candidate, None, None, tuple(results))
        load_s = self.clock() - started
        results = (self._detect(path, loaded.detector) for path in pictures)
        return ModelResults(candidate, loaded.weights_sha256, load_s, tuple(results))

    def _detect(self, path: Path, detector: ObjectDetector) -> PictureResult:
        read, decoded = read_picture(path)
        if isinstance(decoded, str):
            return PictureResult(read, error=decoded)
        started = self.clock()
        try:
            objects = tuple(detector.detect([decoded])[0])
        except FAILURES as error:
            return PictureResult(read, error=format_error(error), annotated=annotate_for_report(decoded, ()))
        seconds = self.clock() - started
        over = [item for item in objects if item.score >= self.threshold]
        return PictureResult(read, objects, seconds, None, annotate_for_report(decoded, over))


class UnloadableModel:
    """Placeholder for a model that could not be loaded."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        """Raise the error of loading."""
        raise self._error


def read_picture(path: Path) -> tuple[Picture, np.ndarray | str]:
    """Read a file's description, and the picture as BGR uint8 [H, W, 3] or why there is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return Picture(path.name, None), error.strerror or format_error(error)
    digest = sha256(data).hexdigest()
    try:
        decoded = decode_picture(data)
    except ValueError as error:
        return Picture(path.name, digest), format_error(error)
    return Picture(path.name, digest, decoded.shape[1], decoded.shape[0]), decoded


def annotate_for_report(picture: np.ndarray, objects: Sequence[DetectedObject]) -> bytes | None:
    """Annotate a picture for the report, as JPEG."""
    scale = MAX_SIDE / max(picture.shape[:2])
    if scale < 1:
        size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return annotate_picture(picture, objects)


def format_error(error: Exception) -> str:
    """Return the error's text, never empty."""
    return str(error).strip() or type(error).__name__
