from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.support.agreement import agreement
from benchmarks.support.varied_frames import read_frames
from jobs.detector.detected_object import DetectedObject
from jobs.detector.detector import Detector, DetectorSettings, load_detector
from jobs.detector.model_manifest import Manifest, ModelFilesError
from jobs.detector.ssd_decoding import RawDetections
from lake.config.settings import SettingError, Settings

MANIFEST = Manifest("test", 30, "", "labels.txt", {})


class OneObject:
    """An engine that finds one object of a class in every picture and remembers what it was shown."""

    def __init__(self, number):
        self.number = number
        self.shown = []

    def find(self, pictures):
        self.shown.append(pictures)
        boxes = np.array([[0.0, 0.25, 0.5, 1.0]], np.float32)
        return [RawDetections(boxes, np.array([0.75], np.float32), np.array([self.number])) for _ in pictures]


def plain(height, width):
    return np.full((height, width, 3), (255, 0, 0), np.uint8)


def test_an_object_has_its_label_score_and_box_as_plain_numbers():
    detector = Detector(OneObject(1), MANIFEST, ["person", "car"])
    ((found,),) = detector.detect([plain(40, 60)])
    assert found == DetectedObject("car", 0.75, 0.0, 0.25, 0.5, 1.0)
    assert {type(value) for value in (found.score, found.ymin, found.xmax)} == {float}


def test_pictures_of_many_sizes_reach_the_engine_as_one_batch_in_its_size():
    engine = OneObject(0)
    found = Detector(engine, MANIFEST, ["person"]).detect([plain(40, 60), plain(720, 1280)])
    assert ([len(objects) for objects in found], [batch.shape for batch in engine.shown]) == (
        [1, 1],
        [(2, 30, 30, 3)],
    )
    assert engine.shown[0][0, 0, 0].tolist() == [0, 0, 255]


def test_no_pictures_give_no_answers_and_wake_no_engine():
    engine = OneObject(0)
    assert (Detector(engine, MANIFEST, ["person"]).detect([]), engine.shown) == ([], [])


@pytest.mark.parametrize("number", [1, 2, -1])
def test_a_class_without_a_label_is_not_reported(number):
    assert Detector(OneObject(number), MANIFEST, ["person", ""]).detect([plain(4, 4)]) == [[]]


def test_settings_come_from_the_environment():
    settings = Settings(home=Path("/cache"), data=Path("/data"))
    env = {"PYCTURESTREAM_ENGINE": "tensorflow", "PYCTURESTREAM_DETECTOR_THREADS": "2"}
    assert DetectorSettings.from_env(env, settings) == DetectorSettings(
        "tensorflow", Path("/cache/models/coco-ssd"), threads=2
    )


def test_the_default_is_the_engine_that_agrees_with_tensorflow_and_is_faster():
    settings = DetectorSettings.from_env({}, Settings(home=Path("/cache"), data=Path("/data")))
    assert (settings.engine, settings.precision) == ("litert", "float32")


def test_settings_survive_the_way_to_a_child_process():
    settings = DetectorSettings("litert", Path("/model"), threads=3, precision="int8")
    assert DetectorSettings.from_env(settings.to_env(), Settings(Path("/c"), Path("/d"))) == settings


def test_an_unknown_engine_in_the_environment_is_refused():
    with pytest.raises(SettingError, match="PYCTURESTREAM_ENGINE='torch' must be one of: litert, tensorflow"):
        DetectorSettings.from_env({"PYCTURESTREAM_ENGINE": "torch"}, Settings(Path("/c"), Path("/d")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"engine": "torch"},
        {"precision": "int4"},
        {"threads": 0},
        {"score": 0.1},
        {"score": 1.0},
        {"iou": 0.0},
        {"engine": "tensorflow", "iou": 0.7},
    ],
)
def test_settings_without_a_meaning_are_refused(wrong):
    with pytest.raises(SettingError, match=r"use one of|cannot be used"):
        replace(DetectorSettings("litert", Path("/model")), **wrong)


def test_a_missing_model_says_how_to_get_it(tmp_path):
    with pytest.raises(ModelFilesError, match="run `make up`"):
        load_detector(DetectorSettings("litert", tmp_path))


def test_loading_the_module_loads_no_engine():
    script = (
        "import sys, jobs.detector.detector; "
        "print([n for n in ('tensorflow', 'ai_edge_litert', 'supervision') if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def provisioned():
    """Settings of the provisioned cache."""
    return Settings.from_env(os.environ)


@pytest.fixture(scope="module")
def litert(provisioned):
    return load_detector(DetectorSettings.from_env({}, provisioned))


@pytest.fixture(scope="module")
def tensorflow(provisioned):
    return load_detector(DetectorSettings.from_env({"PYCTURESTREAM_ENGINE": "tensorflow"}, provisioned))


@pytest.mark.model
@pytest.mark.parametrize("engine", ["litert", "tensorflow"])
def test_the_demo_clip_shows_people_and_cars(request, provisioned, engine):
    shown = read_frames(provisioned.home / "clips" / "bikes.mp4")[::30]
    found = request.getfixturevalue(engine).detect(shown)
    assert {"person", "car"} <= {one.label for objects in found for one in objects if one.score > 0.5}


@pytest.mark.model
def test_a_batch_answers_like_single_pictures(provisioned, tensorflow):
    shown = read_frames(provisioned.home / "clips" / "carphone_pristine.mp4")[::40]
    together, alone = tensorflow.detect(shown), [tensorflow.detect([one])[0] for one in shown]
    assert (agreement(together, alone, 0.4).alike, agreement(alone, together, 0.4).alike) == (1, 1)


@pytest.mark.model
def test_a_changed_weight_file_is_not_loaded(provisioned, tmp_path):
    model = provisioned.models / "coco-ssd"
    for name in ("model.json", "labels.txt", "anchors.npy"):
        (tmp_path / name).write_bytes((model / name).read_bytes())
    weights = bytearray((model / "float32.tflite").read_bytes())
    weights[-1000] ^= 1
    (tmp_path / "float32.tflite").write_bytes(weights)
    with pytest.raises(ModelFilesError, match=r"float32\.tflite has SHA-256 .* run `make up`"):
        load_detector(DetectorSettings("litert", tmp_path))
