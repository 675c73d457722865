"""Every model on every picture: what it found, and how long that took."""

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
"""What a broken file, a wrong model or its engine fails with: a result about it, while the others go on."""
MAX_SIDE: Final = 640
"""Pixels of an annotated picture in the report."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file as it was; width and height in pixels, None where it cannot be decoded."""

    name: str
    sha256: str | None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class PictureResult:
    """What one model said of one picture.

    Attributes:
        picture: what was looked at.
        objects: with a score of at least 0.2, best first.
        seconds: from the decoded picture to the objects; None where it failed.
        error: why it failed, else None.
        annotated: JPEG with the objects over the threshold drawn; without any where the model failed.
    """

    picture: Picture
    objects: tuple[DetectedObject, ...] = ()
    seconds: float | None = None
    error: str | None = None
    annotated: bytes | None = None


@dataclass(frozen=True, slots=True)
class ModelResults:
    """All answers of a model.

    Attributes:
        candidate: the model and its engine.
        weights_sha256: None where it could not be loaded, as the next.
        load_s: seconds until it had answered once, on a black picture: engines put work off until then.
            The first model of an engine loads the engine too.
        answers: one per picture, in order.
    """

    candidate: Candidate
    weights_sha256: str | None
    load_s: float | None
    answers: tuple[PictureResult, ...]

    @property
    def median_s(self) -> float | None:
        """Median seconds per picture; None without any."""
        seconds = [answer.seconds for answer in self.answers if answer.seconds is not None]
        return median(seconds) if seconds else None

    @property
    def failed(self) -> int:
        """Pictures without an answer."""
        return sum(answer.error is not None for answer in self.answers)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How models are evaluated.

    Attributes:
        load: makes a candidate ready.
        threshold: objects below it are not drawn.
        clock: seconds that only grow.
    """

    load: Callable[[Candidate], LoadedModel]
    threshold: float
    clock: Callable[[], float]

    def run(self, candidates: Sequence[Candidate], pictures: Sequence[Path]) -> Iterator[ModelResults]:
        """Model after model, so that only one is in memory."""
        for candidate in candidates:
            yield self._evaluated(candidate, pictures)

    def _evaluated(self, candidate: Candidate, pictures: Sequence[Path]) -> ModelResults:
        started = self.clock()
        try:
            loaded = self.load(candidate)
            loaded.detector.detect([np.zeros((360, 640, 3), np.uint8)])
        except FAILURES as error:
            answers = (self._answer(path, UnloadableModel(error)) for path in pictures)
            return ModelResults(candidate, None, None, tuple(answers))
        load_s = self.clock() - started
        answers = (self._answer(path, loaded.detector) for path in pictures)
        return ModelResults(candidate, loaded.weights_sha256, load_s, tuple(answers))

    def _answer(self, path: Path, detector: ObjectDetector) -> PictureResult:
        read, decoded = read_picture(path)
        if isinstance(decoded, str):
            return PictureResult(read, error=decoded)
        started = self.clock()
        try:
            objects = tuple(detector.detect([decoded])[0])
        except FAILURES as error:
            return PictureResult(read, error=format_error(error), annotated=drawn(decoded, ()))
        seconds = self.clock() - started
        over = [found for found in objects if found.score >= self.threshold]
        return PictureResult(read, objects, seconds, None, drawn(decoded, over))


class UnloadableModel:
    """Stands for a model that could not be loaded."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        """Fails as the loading did."""
        raise self._error


def read_picture(path: Path) -> tuple[Picture, np.ndarray | str]:
    """The file's facts, and the picture as BGR uint8 [H, W, 3] or why there is none."""
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


def drawn(picture: np.ndarray, objects: Sequence[DetectedObject]) -> bytes | None:
    """A JPEG for the report."""
    scale = MAX_SIDE / max(picture.shape[:2])
    if scale < 1:
        size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return annotate_picture(picture, objects)


def format_error(error: Exception) -> str:
    """An error in words, never empty."""
    return str(error).strip() or type(error).__name__
