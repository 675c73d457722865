"""Models on pictures: what is measured, and what becomes of what goes wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from jobs.detector.detected_object import DetectedObject
from jobs.detector.model_manifest import ModelFilesError
from jobs.evaluation.comparison import Evaluation, ModelResults, Picture
from jobs.evaluation.model_choice import Candidate, LoadedModel

FIRST, SECOND = (Candidate(name, "tensorflow", Path(name)) for name in ("first", "second"))
CAT = DetectedObject("cat", 0.9, 0.0, 0.0, 0.5, 0.5)
DOG = DetectedObject("dog", 0.3, 0.5, 0.5, 1.0, 1.0)


class Clock:
    """Moves on by what a model takes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Slow:
    """Sees a cat and a dog, after as many seconds as the picture has rows; refuses wide pictures."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        self.clock.seconds += pictures[0].shape[0]
        if pictures[0].shape[1] == 100:
            raise RuntimeError("out of shape")
        return [[CAT, DOG]]


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Three that can be decoded, one that cannot, one that is not there."""
    for name, width in (("a", 60), ("b", 60), ("wide", 100)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((40, width, 3), 255, np.uint8))
    (tmp_path / "broken.jpg").write_bytes(b"GIF89a")
    return [tmp_path / name for name in ("a.png", "broken.jpg", "wide.png", "gone.jpg", "b.png")]


def evaluate(pictures: Sequence[Path], threshold: float = 0.5) -> list[ModelResults]:
    clock = Clock()

    def load(candidate: Candidate) -> LoadedModel:
        clock.seconds += 7
        if candidate == FIRST:
            raise ModelFilesError("weights are gone")
        return LoadedModel(Slow(clock), "c0ffee")

    return list(Evaluation(load, threshold, clock).run([FIRST, SECOND], pictures))


def test_a_picture_that_fails_is_a_result_and_the_others_go_on(pictures: list[Path]) -> None:
    second = evaluate(pictures)[1]
    found = [(one.picture.name, one.objects, one.seconds, one.error) for one in second.results]
    assert found == [
        ("a.png", (CAT, DOG), 40.0, None),
        ("broken.jpg", (), None, found[1][3]),
        ("wide.png", (), None, "out of shape"),
        ("gone.jpg", (), None, "No such file or directory"),
        ("b.png", (CAT, DOG), 40.0, None),
    ]
    assert "6 bytes" in str(found[1][3])
    assert (second.median_s, second.failed, second.weights_sha256) == (40.0, 3, "c0ffee")


def test_loading_lasts_until_the_model_answered_once(pictures: list[Path]) -> None:
    assert evaluate(pictures)[1].load_s == 7 + 360


def test_a_model_that_cannot_be_loaded_fails_on_every_picture_and_the_next_goes_on(
    pictures: list[Path],
) -> None:
    first, second = evaluate(pictures[:1] + pictures[-1:])
    assert (first.load_s, first.weights_sha256, first.median_s) == (None, None, None)
    assert {answer.error for answer in first.results} == {"weights are gone"}
    assert (second.failed, [answer.error for answer in second.results]) == (0, [None, None])


def test_a_picture_is_told_by_its_bytes_and_size(pictures: list[Path]) -> None:
    seen = [answer.picture for answer in evaluate(pictures)[1].results]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures[:2]]
    assert seen[:2] == [Picture("a.png", digests[0], 60, 40), Picture("broken.jpg", digests[1])]
    assert seen[3] == Picture("gone.jpg", None)


def test_only_objects_over_the_threshold_are_drawn(pictures: list[Path]) -> None:
    drawn = [evaluate(pictures[:1], threshold)[1].results[0].annotated for threshold in (0.2, 0.5, 1.0)]
    shown = [cv2.imdecode(np.frombuffer(one or b"", np.uint8), cv2.IMREAD_COLOR) for one in drawn]
    edges = [(one[40:140, :10].min() < 100, one[180:280, -10:].min() < 100) for one in shown]
    assert edges == [(True, True), (True, False), (False, False)]
