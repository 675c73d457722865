"""What the words of `pycturestream evaluate` mean."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from jobs.detector.model_manifest import write_manifest
from jobs.evaluation.evaluate_models import split_words
from jobs.evaluation.model_choice import Candidate, UnknownModelError, combine_sha256
from jobs.evaluation.picture_choice import NoPicturesError, demo_pictures, pictures_in


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A cache with two models: one with all engines, one for TensorFlow only."""
    for name in ("coco-ssd/float32.tflite", "coco-ssd/int8.tflite", "coco-ssd/saved_model/a.pb"):
        write(tmp_path / "models" / name)
    write(tmp_path / "models/nanodet/saved_model/a.pb")
    for name in ("coco-ssd", "nanodet"):
        write_manifest(tmp_path / "models" / name, name, 300, "test")
    return tmp_path / "models"


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_without_a_model_every_engine_of_every_model_is_evaluated(models: Path, tmp_path: Path) -> None:
    candidates, paths = split_words([str(tmp_path)], models, None)
    assert list(map(str, candidates)) == [
        "coco-ssd:litert-float32",
        "coco-ssd:litert-int8",
        "coco-ssd:tensorflow",
        "nanodet:tensorflow",
    ]
    assert paths == [tmp_path]


def test_models_and_pictures_are_told_apart_in_any_order(models: Path, tmp_path: Path) -> None:
    zoo, photo = write(tmp_path / "zoo/saved_model/saved_model.pb").parents[1], write(tmp_path / "a.jpg")
    labels = tmp_path / "names"
    words = [str(photo), "coco-ssd:litert-int8", "nanodet", str(zoo), str(zoo / "saved_model"), "nanodet"]
    candidates, paths = split_words(words, models, labels)
    assert paths == [photo]
    assert candidates == [
        Candidate("coco-ssd", "litert-int8", models / "coco-ssd"),
        Candidate("nanodet", "tensorflow", models / "nanodet"),
        Candidate("zoo", "tensorflow", zoo, own=False, labels=labels),
    ]


@pytest.mark.parametrize("word", ["yolo", "nanodet:litert-int8"])
def test_a_word_that_is_nothing_is_answered_with_what_there_is(models: Path, word: str) -> None:
    with pytest.raises(UnknownModelError) as caught:
        split_words([word], models, None)
    assert str(caught.value) == (
        f"'{word}' is no model, picture or folder; models are coco-ssd, nanodet, coco-ssd:litert-float32, "
        "coco-ssd:litert-int8, coco-ssd:tensorflow, nanodet:tensorflow, centernet, "
        "or a folder with a SavedModel"
    )


def test_a_model_that_was_not_fetched_yet_is_answered_with_what_fetches_it(models: Path) -> None:
    with pytest.raises(UnknownModelError, match="pycturestream evaluate centernet --demo fetches it"):
        split_words(["centernet:tensorflow"], models, None)


def test_a_folder_gives_its_pictures_by_name_and_each_only_once(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "notes.txt", "below/c.jpg"):
        write(tmp_path / "photos" / name)
    scan = write(tmp_path / "scan.bmp")
    photos = tmp_path / "photos"
    assert pictures_in([scan, photos, photos / "a.png"]) == [scan, photos / "a.png", photos / "b.JPG"]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "notes.txt")
    with pytest.raises(NoPicturesError, match=f"{tmp_path} holds no picture; they end in .jpg, .jpeg, .png"):
        pictures_in([tmp_path])


def test_demo_pictures_are_two_frames_of_each_clip(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
    for number in range(20):
        writer.write(np.full((48, 64, 3), number * 10, np.uint8))
    writer.release()
    found = demo_pictures(tmp_path, tmp_path)
    greys = [round(cv2.imread(str(path)).mean() / 10) for path in found]
    assert ([path.name for path in found], greys) == (["a-9.jpg", "a-18.jpg"], [9, 18])
    with pytest.raises(NoPicturesError, match="make up"):
        demo_pictures(tmp_path / "nowhere", tmp_path)


def test_the_hash_of_several_weights_is_that_of_their_list_as_sha256sum_prints_it() -> None:
    # printf 'aa  saved_model.pb\nbb  variables.index\n' | sha256sum
    listed = "8daf524ca66859ee57c15dec22a64ed69e185b843ee1a635d81f638b5fad7d2e"
    files = {"variables.index": "bb", "saved_model.pb": "aa"}
    assert (combine_sha256({"int8.tflite": "aa"}), combine_sha256(files)) == ("aa", listed)
