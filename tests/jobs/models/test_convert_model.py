from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode

import cv2
import numpy as np
import pytest

from jobs.detector.coco_labels import COCO_NAMES
from jobs.models.convert_model import ClipsError, convert, read_clips
from lake.config.settings import PROJECT_ROOT

UNUSED = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83]


def write_clip(path, frames):
    """Frames whose grey value counts up from 0 in steps of 10."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), number * 10, np.uint8))
    writer.release()


def test_the_labels_are_those_of_coco_with_its_gaps():
    assert [number for number, name in enumerate(COCO_NAMES, 1) if not name] == UNUSED
    assert (len(COCO_NAMES), COCO_NAMES[0], COCO_NAMES[2], COCO_NAMES[89]) == (
        90,
        "person",
        "car",
        "toothbrush",
    )


def test_calibration_pictures_are_spread_over_all_clips(tmp_path):
    write_clip(tmp_path / "a.mp4", 11)
    write_clip(tmp_path / "b.mp4", 3)
    greys = [round(picture.mean() / 10) for picture in read_clips(tmp_path, 6)]
    assert greys == [0, 5, 10, 0, 1, 2]


def test_a_folder_without_clips_is_refused(tmp_path):
    with pytest.raises(ClipsError, match=r"holds no \.mp4"):
        read_clips(tmp_path, 6)


def test_a_clip_that_is_none_is_refused_by_name(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no clip")
    with pytest.raises(ClipsError, match=r"a\.mp4 cannot be decoded"):
        read_clips(tmp_path, 6)


def test_a_folder_that_holds_files_is_not_converted_into(tmp_path):
    (tmp_path / "old").write_text("")
    with pytest.raises(FileExistsError, match="is not empty"):
        convert(tmp_path, tmp_path, tmp_path)


@pytest.mark.model
def test_a_source_that_is_no_model_ends_with_one_clear_line(tmp_path):
    write_clip(tmp_path / "a.mp4", 3)
    command = [
        sys.executable,
        "-m",
        "jobs.models.convert_model",
        tmp_path,
        tmp_path / "out",
        "--clips",
        tmp_path,
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT_ROOT)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[-1].startswith(f"cannot convert {tmp_path}: {tmp_path} is no TF.js graph")


def graph_model(folder, nodes, arrays):
    """Write a TF.js graph model by hand: one group, its bytes cut into two shards."""
    stored = b"".join(array.tobytes() for array in arrays.values())
    weights = [{"name": n, "shape": list(a.shape), "dtype": str(a.dtype)} for n, a in arrays.items()]
    manifest = [{"paths": ["one", "two"], "weights": weights}]
    model = {"modelTopology": {"node": nodes}, "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "one").write_bytes(stored[:10])
    (folder / "two").write_bytes(stored[10:])


def constant(name):
    return {"name": name, "op": "Const", "attr": {"dtype": {"type": 1}, "value": {"tensor": {"dtype": 1}}}}


def depthwise_then_scale_and_shift():
    number = {"T": {"type": 1}}
    convolution = {
        **number,
        "strides": {"list": {"s": [], "i": ["1", "1", "1", "1"]}},
        "padding": {"s": list(b"SAME")},
        "data_format": {"s": list(b"NHWC")},
    }
    return [
        {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": 1}}},
        *map(constant, ("kernel", "scale", "shift")),
        {"name": "conv", "op": "DepthwiseConv2dNative", "input": ["x", "kernel"], "attr": convolution},
        {"name": "scaled", "op": "Mul", "input": ["conv", "scale"], "attr": number},
        {"name": "shifted", "op": "Add", "input": ["scaled", "shift"], "attr": number},
    ]


@pytest.fixture
def small_model(tmp_path):
    random = np.random.default_rng(2)
    shapes = {"kernel": (3, 3, 2, 1), "scale": (2,), "shift": (2,)}
    arrays = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    graph_model(tmp_path, depthwise_then_scale_and_shift(), arrays)
    return tmp_path


@pytest.mark.model
def test_folding_scale_and_shift_into_a_convolution_changes_no_answer(small_model):
    import tensorflow as tf

    from jobs.models.graph_model import cut_graph, fold_batch_norm, read_graph_model

    def run(graph):
        pixels = tf.constant(np.random.default_rng(4).normal(size=(1, 5, 5, 2)), tf.float32)
        imported = tf.compat.v1.wrap_function(
            lambda x: tf.import_graph_def(graph, {"x:0": x}, ["shifted:0"])[0],
            [tf.TensorSpec(pixels.shape, tf.float32)],
        )
        return imported(pixels).numpy()

    graph, _ = read_graph_model(small_model)
    plain = run(cut_graph(graph, "x", ["shifted"]))
    fold_batch_norm(graph)
    folded = cut_graph(graph, "x", ["shifted"])
    assert [node.op for node in folded.node if node.op in ("Mul", "Add", "BiasAdd")] == ["BiasAdd"]
    assert run(folded) == pytest.approx(plain, abs=1e-5)


@pytest.mark.model
def test_a_fused_convolution_stored_in_halves_answers_as_its_parts_do(tmp_path):
    import tensorflow as tf

    from jobs.models.graph_model import cut_graph, read_graph_model

    arrays = {"kernel": np.array([[[[2.0, -1.0]]]], np.float16), "bias": np.array([0.5, 1.5], np.float16)}
    steps = [b64encode(name).decode() for name in (b"BiasAdd", b"Relu6")]
    (x, *_, convolution, _, _), number = depthwise_then_scale_and_shift(), {"T": {"type": 1}}
    fused = {**convolution["attr"], **number, "fused_ops": {"list": {"s": steps}}}
    inputs = ["x", "kernel", "bias"]
    node = {"name": "out", "op": "_FusedConv2D", "input": inputs, "attr": fused}
    graph_model(tmp_path, [x, constant("kernel"), constant("bias"), node], arrays)
    stored = json.loads((tmp_path / "model.json").read_text())
    for entry in stored["weightsManifest"][0]["weights"]:
        entry |= {"dtype": "float32", "quantization": {"dtype": "float16"}}
    (tmp_path / "model.json").write_text(json.dumps(stored))
    graph, weights = read_graph_model(tmp_path)
    pixels = tf.constant([[[[-1.0], [2.0], [9.0]]]])
    run = tf.compat.v1.wrap_function(
        lambda x: tf.import_graph_def(cut_graph(graph, "x", ["out"]), {"x:0": x}, ["out:0"])[0],
        [tf.TensorSpec(pixels.shape, tf.float32)],
    )
    assert {array.dtype for array in weights.values()} == {np.dtype("float32")}
    assert run(pixels).numpy().tolist() == [[[[0.0, 2.5], [4.5, 0.0], [6.0, 0.0]]]]


@pytest.mark.model
def test_weights_stored_with_a_scale_are_refused(small_model):
    from jobs.models.graph_model import GraphModelError, read_graph_model

    stored = json.loads((small_model / "model.json").read_text())
    stored["weightsManifest"][0]["weights"][0]["quantization"] = {"dtype": "uint8", "scale": 2, "min": 0}
    (small_model / "model.json").write_text(json.dumps(stored))
    with pytest.raises(
        GraphModelError, match="kernel is stored as uint8; read are float32, float16 and int32"
    ):
        read_graph_model(small_model)


@pytest.mark.model
def test_a_shard_cut_short_is_refused(small_model):
    from jobs.models.graph_model import GraphModelError, read_graph_model

    (small_model / "two").write_bytes((small_model / "two").read_bytes()[:-4])
    with pytest.raises(GraphModelError, match=r"no TF\.js graph model"):
        read_graph_model(small_model)


@pytest.mark.model
def test_a_shard_with_more_than_the_manifest_says_is_refused(small_model):
    from jobs.models.graph_model import GraphModelError, read_graph_model

    with (small_model / "two").open("ab") as shard:
        shard.write(bytes(4))
    with pytest.raises(GraphModelError, match="hold 92 bytes, expected 88"):
        read_graph_model(small_model)
