"""The worker's side of detection: from a record's bytes to the message with its objects."""

from __future__ import annotations

import base64
import binascii
import gc
import importlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from jobs.detector.detected_object import DetectedObject
from jobs.detector.detector import DetectorSettings
from jobs.detector.executor_files import find_shipped_model
from jobs.detector.images import CorruptPictureError, PictureTooLargeError, annotate_picture, decode_picture
from jobs.frames.outcome_messages import Message, RunDescription, StageTimes, outcome, result
from lake.contracts.wire_format import LEGACY, Status

Frame = Mapping[str, Any]
"""A record's METADATA and its `value`."""

Clock = Callable[[], datetime]
MESSAGE_SCHEMA = pa.schema([("topic", pa.string()), ("key", pa.binary()), ("value", pa.binary())])
WITHOUT_PICTURE = 300
"""Pixels per side that are enough where no annotated picture is wanted: the model's own input."""


class LoadedDetector(Protocol):
    """Anything that finds objects: BGR uint8 pictures in, one list of objects each out."""

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        """Find the objects of each picture."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Parameters of an analysis, sent to the workers with the batch.

    Attributes:
        factory: `module:function` that loads a detector from its settings.
        detector: the detector's settings.
        run: the detector run.
        batch_at: time of the micro-batch, UTC.
        with_picture: (partition, offset) of the records whose result carries the annotated picture.
        whole_pictures: decode every picture in full, as the speed layer does with those it shows, so that
            both layers see the same pixels.
    """

    factory: str
    detector: DetectorSettings
    run: RunDescription
    batch_at: datetime
    with_picture: frozenset[tuple[int, int]]
    whole_pictures: bool = False


class NoPictureError(ValueError):
    """An old client's message without a usable picture."""


@lru_cache(maxsize=1)
def load_once(factory: str, settings: DetectorSettings) -> LoadedDetector:
    """Load the detector once per process, since loading takes longer than detecting."""
    module, _, function = factory.partition(":")
    loaded: LoadedDetector = getattr(importlib.import_module(module), function)(find_shipped_model(settings))
    return loaded


@lru_cache(maxsize=1)
def freeze_gc(_modules: int) -> None:
    """Exclude loaded objects from garbage collection; repeat only when more modules are loaded.

    Spark's worker collects after every task: with a detector and what draws loaded, 35-60 ms each time.
    """
    gc.collect()
    gc.freeze()


def analyse_in_arrow(
    analysis: Analysis, now: Clock
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a function for `mapInArrow`: METADATA and `value` in, messages out."""

    def analyse_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield to_arrow(analyse(batch.to_pylist(), analysis, now))
        freeze_gc(len(sys.modules))

    return analyse_batches


def to_arrow(messages: Sequence[Message]) -> pa.RecordBatch:
    """Convert messages to rows of MESSAGE_DDL."""
    columns = [[getattr(message, name) for message in messages] for name in MESSAGE_SCHEMA.names]
    return pa.RecordBatch.from_arrays(
        [pa.array(column, kind) for column, kind in zip(columns, MESSAGE_SCHEMA.types, strict=True)],
        schema=MESSAGE_SCHEMA,
    )


def analyse(frames: Iterable[Frame], analysis: Analysis, now: Clock) -> list[Message]:
    """Analyse frames and return one message for each; no frame can stop another."""
    started_at = now()
    frames = list(frames)
    pictures_or_errors = [_decode(frame, analysis) for frame in frames]
    pictures = [picture for picture in pictures_or_errors if isinstance(picture, np.ndarray)]
    detected = iter(_detect(pictures, load_once(analysis.factory, analysis.detector)))
    results = [
        next(detected) if isinstance(picture, np.ndarray) else picture for picture in pictures_or_errors
    ]
    stages = StageTimes(analysis.batch_at, started_at, now())
    return [
        _build_message(frame, picture, result_or_error, analysis, stages)
        for frame, picture, result_or_error in zip(frames, pictures_or_errors, results, strict=True)
    ]


def picture_bytes(frame: Frame) -> bytes:
    """Return the encoded picture in a record's value.

    Raises:
        NoPictureError: an old client's JSON without base64 under "image".
    """
    value: bytes = frame["value"] or b""
    if frame["format"] != LEGACY:
        return value
    try:
        return base64.b64decode(json.loads(value)["image"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise NoPictureError(f'the message holds no base64 picture under "image": {error}') from error


def _decode(frame: Frame, analysis: Analysis) -> np.ndarray | tuple[Status, str]:
    whole = analysis.whole_pictures or (frame["partition"], frame["offset"]) in analysis.with_picture
    try:
        return decode_picture(picture_bytes(frame), None if whole else WITHOUT_PICTURE)
    except NoPictureError as error:
        return Status.MALFORMED, str(error)
    except PictureTooLargeError as error:
        return Status.TOO_LARGE, str(error)
    except CorruptPictureError as error:
        return Status.CORRUPT, str(error)


def _detect(
    pictures: list[np.ndarray], detector: LoadedDetector
) -> Iterator[list[DetectedObject] | tuple[Status, str]]:
    """Detect in all pictures at once; where the model fails on one, in each alone."""
    try:
        yield from detector.detect(pictures)
    except (ValueError, RuntimeError, ArithmeticError):
        for picture in pictures:
            yield _detect_alone(picture, detector)


def _detect_alone(picture: np.ndarray, detector: LoadedDetector) -> list[DetectedObject] | tuple[Status, str]:
    try:
        return detector.detect([picture])[0]
    except (ValueError, RuntimeError, ArithmeticError) as error:
        return Status.FAILED, f"the model refused the picture: {error}"


def _build_message(
    frame: Frame,
    picture: np.ndarray | tuple[Status, str],
    answer: list[DetectedObject] | tuple[Status, str],
    analysis: Analysis,
    stages: StageTimes,
) -> Message:
    if isinstance(answer, tuple):
        return outcome(frame, *answer, analysis.run, stages)
    image = None
    if (frame["partition"], frame["offset"]) in analysis.with_picture and isinstance(picture, np.ndarray):
        reported = [item for item in answer if item.score >= analysis.run.report_threshold]
        jpeg = annotate_picture(picture, reported)
        image = base64.b64encode(jpeg).decode() if jpeg else None
    return result(frame, answer, image, analysis.run, stages)
