from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from jobs.detector.detected_object import DetectedObject
from jobs.detector.detector import DetectorSettings
from jobs.frames.analyse_frames import Analysis, analyse, analyse_in_arrow
from jobs.frames.isolate_frames import analyse_one_by_one
from jobs.frames.outcome_messages import Message, RunDescription
from tests.conftest import at
from tests.jobs.frames.test_outcome_messages import frame

GREY, RED, BLACK = (128, 128, 128), (0, 0, 255), (0, 0, 0)
WHOLE = DetectedObject("thing", 0.9, 0.0, 0.0, 1.0, 1.0)


class FakeDetector:
    """Sees one `thing` on every picture; a red one it refuses, on a black one it dies."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        self.shapes += [picture.shape for picture in pictures]
        for picture in pictures:
            blue, _green, red = picture[0, 0]
            if red > 200 and blue < 50:
                raise ValueError("too red")
            if red < 20:
                os._exit(7)
        return [[WHOLE] for _ in pictures]


FAKE = FakeDetector()


def load_fake(_settings: DetectorSettings) -> FakeDetector:
    return FAKE


def jpeg(colour: tuple[int, int, int], width: int = 640, height: int = 640) -> bytes:
    picture = np.full((height, width, 3), colour, np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])


def analysis(*with_picture: tuple[int, int]) -> Analysis:
    detector = DetectorSettings("litert", Path("/nowhere"))
    run = RunDescription("run-1", "speed", "UTC", 0.5)
    return Analysis(f"{__name__}:load_fake", detector, run, at("11:00:02"), frozenset(with_picture))


def kafka_frame(offset: int, value: bytes | None, **other: Any) -> dict[str, Any]:
    return {**frame(offset=offset, format="frame/1", **other), "value": value}


def said(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [json.loads(message.value) for message in messages]


def now() -> Any:
    return at("11:00:03")


def test_no_frame_stops_another() -> None:
    values = [jpeg(GREY), b"", b"GIF89a", jpeg(GREY)[:-40], None, jpeg(RED), jpeg(GREY)]
    frames = [kafka_frame(offset, value) for offset, value in enumerate(values)]
    answers = said(analyse(frames, analysis(), now))
    assert [answer["record"]["offset"] for answer in answers] == list(range(7))
    assert [answer["status"] for answer in answers] == [
        "detected", "corrupt", "corrupt", "corrupt", "corrupt", "failed", "detected",
    ]  # fmt: skip
    assert answers[5]["reason"] == "the model refused the picture: too red"


def test_only_the_chosen_frame_carries_a_picture_that_can_be_opened() -> None:
    frames = [kafka_frame(1, jpeg(GREY)), kafka_frame(2, jpeg(GREY))]
    plain, pictured = said(analyse(frames, analysis((1, 2)), now))
    assert "image" not in plain
    drawn = cv2.imdecode(np.frombuffer(base64.b64decode(pictured["image"]), np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == (640, 640, 3)
    assert drawn.std() > 1  # the box and its label are on it


def test_a_frame_without_a_wanted_picture_is_decoded_at_half_the_size() -> None:
    FAKE.shapes.clear()
    analyse([kafka_frame(1, jpeg(GREY)), kafka_frame(2, jpeg(GREY))], analysis((1, 2)), now)
    assert FAKE.shapes == [(320, 320, 3), (640, 640, 3)]


def legacy(body: dict[str, Any] | bytes) -> dict[str, Any]:
    value = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {**frame(offset=1, format="legacy"), "value": value}


def test_an_old_clients_picture_is_taken_out_of_its_json() -> None:
    picture = base64.b64encode(jpeg(GREY)).decode()
    (answer,) = said(analyse([legacy({"image": picture})], analysis(), now))
    assert answer["status"] == "detected"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"timestamp": "x"}, "malformed"),
        ({"image": None}, "malformed"),
        ({"image": "not base64!"}, "malformed"),
        (b'{"image": ', "malformed"),
        ({"image": base64.b64encode(b"hello").decode()}, "corrupt"),
    ],
)
def test_an_old_clients_message_without_a_picture_says_so(body: dict[str, Any] | bytes, status: str) -> None:
    (answer,) = said(analyse([legacy(body)], analysis(), now))
    assert answer["status"] == status
    assert answer["reason"]


def test_an_arrow_batch_of_frames_becomes_one_of_messages() -> None:
    batch = pa.RecordBatch.from_pylist([kafka_frame(1, jpeg(GREY))])
    (messages,) = analyse_in_arrow(analysis(), now)(iter([batch]))
    assert messages.schema.names == ["topic", "key", "value"]
    assert messages.column("topic").to_pylist() == ["resultstream"]
    assert messages.column("key").to_pylist() == [b"door"]


def test_a_frame_that_ends_its_process_fails_alone() -> None:
    frames = [kafka_frame(1, jpeg(GREY)), kafka_frame(2, jpeg(BLACK)), kafka_frame(3, jpeg(GREY))]
    answers = said(analyse_one_by_one(frames, analysis(), now))
    assert [answer["status"] for answer in answers] == ["detected", "failed", "detected"]
    assert answers[1]["reason"] == "the frame ended its process with exit code 7"
