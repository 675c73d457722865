"""SavedModels from elsewhere, as TensorFlow itself writes them; the only file here that imports it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jobs.detector.detected_object import DetectedObject
from jobs.detector.detector import DetectorSettings, load_detector
from jobs.detector.engines import SavedModel
from jobs.detector.label_files import LabelsError
from jobs.detector.model_manifest import ModelFilesError, read_manifest
from jobs.detector.saved_models import SavedModelDetector
from jobs.evaluation.model_choice import find_models, load
from jobs.models.pack_model import pack

pytestmark = pytest.mark.model
SETTINGS = DetectorSettings("litert", Path("/none"))


def write_marker(folder: Path, height: int | None, width: int | None, kind: str = "uint8") -> Path:
    """A detector that tells what it was shown: box up to height/1000 and width/1000, score of the red."""
    import tensorflow as tf

    class Marker(tf.Module):
        @tf.function(
            input_signature=[tf.TensorSpec([1, height, width, 3], tf.as_dtype(kind), "input_tensor")]
        )
        def __call__(self, picture):
            shown = tf.cast(tf.shape(picture), tf.float32) / 1000
            red = tf.reduce_max(tf.cast(picture[..., 0], tf.float32)) / 255
            box = tf.stack([0.0, 0.25, shown[1], shown[2]])
            rest = tf.zeros([1, 98])
            return {
                "detection_boxes": tf.concat([[[box, box]], tf.zeros([1, 98, 4])], 1),
                "detection_scores": tf.concat([[[0.25, 1.0]] * red, rest], 1),
                "detection_classes": tf.concat([[[7.0, 18.0]], rest + 1], 1),
                "num_detections": tf.constant([2.0]),
            }

    marker = Marker()
    tf.saved_model.save(marker, str(folder), signatures=marker.__call__)
    return folder


@pytest.fixture(scope="module")
def marker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_marker(tmp_path_factory.mktemp("zoo") / "marker net" / "saved_model", None, None)


def red(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), (0, 0, 255), np.uint8)


def test_a_folder_of_the_model_zoo_sees_each_picture_in_rgb_at_its_own_size(marker: Path) -> None:
    folder = marker.parent
    label_map = "item {\n  name: '/m/0bt9lr'\n  id: 18\n  display_name: \"dog\"\n}"
    (folder / "label_map.pbtxt").write_text(label_map)
    (candidate,) = find_models(str(folder), Path("/none"), None) or []
    loaded = load(candidate, SETTINGS)
    assert (str(candidate), len(loaded.weights_sha256)) == ("marker net:tensorflow", 64)
    dog = DetectedObject("dog", 1.0, 0.0, 0.25, pytest.approx(0.4), pytest.approx(0.6))
    unnamed = DetectedObject("class 7", 0.25, 0.0, 0.25, pytest.approx(0.4), pytest.approx(0.6))
    wide = DetectedObject("dog", 1.0, 0.0, 0.25, pytest.approx(0.2), pytest.approx(0.9))
    found = loaded.detector.detect([red(400, 600), red(200, 900), red(200, 900)[..., ::-1]])
    assert (found[0], found[1][0], found[2]) == ([dog, unnamed], wide, [])


def test_a_model_of_one_size_is_shown_pictures_in_that_size(tmp_path: Path) -> None:
    model = SavedModel(write_marker(tmp_path / "fixed", 320, 480), 1, 0.2)
    (objects,) = SavedModelDetector(model, {18: "dog", 7: "car"}).detect([red(720, 1280)])
    assert [(one.label, round(one.ymax, 3), round(one.xmax, 3)) for one in objects] == [
        ("dog", 0.32, 0.48),
        ("car", 0.32, 0.48),
    ]


def test_a_model_that_takes_other_pictures_is_refused_with_what_it_takes(tmp_path: Path) -> None:
    folder = write_marker(tmp_path / "floats", None, None, "float32")
    with pytest.raises(
        ModelFilesError, match=r"takes float32 \(1, None, None, 3\) and gives detection_boxes"
    ):
        SavedModel(folder, 1, 0.2)


def test_a_broken_model_is_refused_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\xff" * 20)
    with pytest.raises(ModelFilesError, match=f"{tmp_path} cannot be loaded"):
        SavedModel(tmp_path, 1, 0.2)


def test_a_folder_without_labels_is_refused_unless_a_file_is_named(tmp_path: Path, marker: Path) -> None:
    (folder := tmp_path / "bare").mkdir()
    (folder / "saved_model").symlink_to(marker)
    (candidate,) = find_models(str(folder), Path("/none"), None) or []
    with pytest.raises(LabelsError, match=r"holds none of labels\.txt"):
        load(candidate, SETTINGS)
    (named := tmp_path / "names.txt").write_text("18 hound\n")
    (candidate,) = find_models(str(folder), Path("/none"), named) or []
    ((best, _),) = load(candidate, SETTINGS).detector.detect([red(9, 9)])
    assert best.label == "hound"


def test_a_packed_model_is_one_that_the_stream_can_run(marker: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.pbtxt"
    labels.write_text("item { id: 18 name: 'dog' }")
    manifest = pack(marker, tmp_path / "marker", labels, 400)
    detector = load_detector(DetectorSettings("tensorflow", tmp_path / "marker"))
    assert (manifest, detector.manifest.name, detector.manifest.input_size) == (
        read_manifest(tmp_path / "marker"),
        "marker",
        400,
    )
    dog = DetectedObject("dog", 1.0, 0.0, 0.25, pytest.approx(0.4), pytest.approx(0.4))
    assert detector.detect([red(200, 900)]) == [[dog]]


def test_what_is_no_square_or_no_model_is_not_packed(marker: Path, tmp_path: Path) -> None:
    wide = write_marker(tmp_path / "wide", 320, 480)
    (wide / "labels.txt").write_text("cat\n")
    with pytest.raises(ModelFilesError, match="takes pictures of 480 x 320 pixels, and not of 320 x 320"):
        pack(wide, tmp_path / "packed", None, None)
    with pytest.raises(ModelFilesError, match="is and holds no SavedModel"):
        pack(tmp_path, tmp_path / "packed", None, None)
    assert not (tmp_path / "packed").exists()
