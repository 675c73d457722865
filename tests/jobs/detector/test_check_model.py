from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from jobs.detector import check_model
from jobs.detector.check_model import (
    ClipUnreadableError,
    ObjectsMissedError,
    inspect_model,
    read_known_picture,
)
from jobs.detector.detector import DetectorSettings
from jobs.detector.model_manifest import ModelFilesError
from lake.config.settings import Settings


@pytest.fixture
def provisioned() -> Settings:
    return Settings.from_env(os.environ)


@pytest.mark.model
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_model_sees_a_person_and_a_car_on_the_known_picture(
    provisioned: Settings, precision: str
) -> None:
    detector = DetectorSettings.from_env({"PYCTURESTREAM_PRECISION": precision}, provisioned)
    assert inspect_model(detector, provisioned.home / check_model.CLIP) == {
        "model": "SSDLite MobileNet v2 (COCO)",
        "engine": f"litert, {precision}",
        "files": 8,
        "objects": {"car": 1, "person": 1},
    }


@pytest.mark.model
def test_a_model_that_sees_nothing_there_is_refused(
    provisioned: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_model, "read_known_picture", lambda _clip: np.zeros((272, 640, 3), np.uint8))
    with pytest.raises(ObjectsMissedError, match="sees no car and no person on frame 30 of bikes"):
        inspect_model(DetectorSettings.from_env({}, provisioned), Path("bikes.mp4"))


@pytest.mark.model
def test_any_changed_file_of_the_model_is_found(provisioned: Settings, tmp_path: Path) -> None:
    model = provisioned.models / "coco-ssd"
    for path in model.rglob("*"):
        if path.is_file():
            (tmp_path / path.relative_to(model)).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path.relative_to(model)).write_bytes(path.read_bytes())
    with (tmp_path / "int8.tflite").open("ab") as weights:
        weights.write(b"x")
    with pytest.raises(ModelFilesError, match=r"int8\.tflite has SHA-256"):
        inspect_model(DetectorSettings("litert", tmp_path), provisioned.home / check_model.CLIP)


def test_a_missing_clip_is_told_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(ClipUnreadableError, match=r"bikes\.mp4 has no frame 30: run `make up`"):
        read_known_picture(tmp_path / "bikes.mp4")
