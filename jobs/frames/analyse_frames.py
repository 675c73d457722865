"""The worker's side of detection: from a record's bytes to the message that says what is on it."""

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
from jobs.detector.executor_files import arrived
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
        """Objects of each picture."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a worker needs to know; travels to it with the batch.

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
    """The detector of this process; loading it takes longer than using it."""
    module, _, function = factory.partition(":")
    loaded: LoadedDetector = getattr(importlib.import_module(module), function)(arrived(settings))
    return loaded


@lru_cache(maxsize=1)
def freeze_gc(_modules: int) -> None:
    """Take what is loaded out of Python's garbage collection, again only where more modules are.

    Spark's worker collects after every task: with a detector and what draws loaded, 35-60 ms each time.
    """
    gc.collect()
    gc.freeze()


def analyse_in_arrow(
    analysis: Analysis, now: Clock
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `mapInArrow`: METADATA and `value` in, messages out."""

    def analyse_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield in_arrow(analyse(batch.to_pylist(), analysis, now))
        freeze_gc(len(sys.modules))

    return analyse_batches


def in_arrow(messages: Sequence[Message]) -> pa.RecordBatch:
    """Messages as rows of MESSAGE_DDL."""
    columns = [[getattr(message, name) for message in messages] for name in MESSAGE_SCHEMA.names]
    return pa.RecordBatch.from_arrays(
        [pa.array(column, kind) for column, kind in zip(columns, MESSAGE_SCHEMA.types, strict=True)],
        schema=MESSAGE_SCHEMA,
    )


def analyse(frames: Iterable[Frame], analysis: Analysis, now: Clock) -> list[Message]:
    """One message per frame; no frame can stop another."""
    started_at = now()
    frames = list(frames)
    opened = [_open(frame, analysis) for frame in frames]
    pictures = [picture for picture in opened if isinstance(picture, np.ndarray)]
    found = iter(_detect(pictures, load_once(analysis.factory, analysis.detector)))
    answers = [next(found) if isinstance(picture, np.ndarray) else picture for picture in opened]
    stages = StageTimes(analysis.batch_at, started_at, now())
    return [
        _say(frame, picture, answer, analysis, stages)
        for frame, picture, answer in zip(frames, opened, answers, strict=True)
    ]


def picture_bytes(frame: Frame) -> bytes:
    """The encoded picture in a record's value.

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


def _open(frame: Frame, analysis: Analysis) -> np.ndarray | tuple[Status, str]:
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
    """All pictures at once; where the model refuses one, each alone."""
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


def _say(
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
        shown = [seen for seen in answer if seen.score >= analysis.run.report_threshold]
        jpeg = annotate_picture(picture, shown)
        image = base64.b64encode(jpeg).decode() if jpeg else None
    return result(frame, answer, image, analysis.run, stages)
