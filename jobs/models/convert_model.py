"""Convert the TF.js model COCO-SSD into a model folder.

`python -m jobs.models.convert_model SOURCE TARGET --clips DIR`
Writes the SavedModel, float32 and int8 LiteRT files, anchors, labels, and last the manifest `model.json`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from jobs.detector.coco_labels import COCO_NAMES
from jobs.detector.engines import normalise
from jobs.detector.images import fit_picture
from jobs.detector.model_manifest import ANCHORS, LABELS, SAVED_MODEL, write_manifest
from jobs.detector.native_output import silence_native_output

CALIBRATION_PICTURES = 120
"""Pictures for the int8 converter's calibration; spread evenly over all clips."""


class ClipsError(ValueError):
    """A folder of clips without pictures to calibrate with."""


def read_clips(clips: Path, count: int) -> list[np.ndarray]:
    """Read pictures (BGR uint8) spread evenly over all *.mp4 of a folder.

    Raises:
        ClipsError: no clip there, or one that cannot be decoded.
    """
    paths = sorted(clips.glob("*.mp4"))
    if not paths:
        raise ClipsError(f"{clips} holds no .mp4: run `make up` to provision the clips")
    return [picture for path in paths for picture in _read_spread(path, count // len(paths))]


def _read_spread(path: Path, count: int) -> list[np.ndarray]:
    clip = cv2.VideoCapture(str(path))
    pictures = []
    while True:
        read, picture = clip.read()
        if not read:
            break
        pictures.append(picture)
    clip.release()
    if not pictures:
        raise ClipsError(f"{path} cannot be decoded: delete it and provision it again with `make up`")
    return [pictures[row] for row in np.linspace(0, len(pictures) - 1, count).round().astype(int)]


def to_tflite(heads: Any, input_size: int, calibration: list[np.ndarray] | None) -> bytes:
    """Convert the raw heads to a LiteRT model for one picture: float32, or int8 with calibration pictures.

    Box decoding stays outside: inside an int8 graph it lowers the boxes' overlap from 0.95 to 0.85.
    """
    import tensorflow as tf

    spec = tf.TensorSpec([1, input_size, input_size, 3], tf.float32, "normalised")
    holder = tf.Module()
    holder.run = tf.function(lambda normalised: heads(normalised), input_signature=[spec])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([holder.run.get_concrete_function()], holder)
    if calibration:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [normalise(fit_picture(picture, input_size)[None])] for picture in calibration
        )
    converted: bytes = converter.convert()
    return converted


def convert(source: Path, target: Path, clips: Path) -> None:
    """Write the whole model folder; `target` must be new or empty, so that no stale file is listed.

    Raises:
        GraphModelError: the source is no TF.js graph model.
        ClipsError: there are no pictures to calibrate with.
        FileExistsError: the target holds files already.
    """
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty: delete it, or convert into another folder")
    calibration = read_clips(clips, CALIBRATION_PICTURES)
    print_progress("loading TensorFlow")
    with silence_native_output():
        import tensorflow as tf

        from jobs.models.ssd_model import INPUT_SIZE, SsdDetector, SsdHeads

        heads = SsdHeads(source)
        detector = SsdDetector(heads)
    target.mkdir(parents=True, exist_ok=True)
    print_progress("writing the SavedModel")
    with silence_native_output():
        tf.saved_model.save(detector, str(target / SAVED_MODEL), signatures=detector.__call__)
    print_progress("writing float32.tflite")
    with silence_native_output():
        (target / "float32.tflite").write_bytes(to_tflite(heads, INPUT_SIZE, None))
    print_progress(f"writing int8.tflite, calibrated on {len(calibration)} pictures")
    with silence_native_output():
        (target / "int8.tflite").write_bytes(to_tflite(heads, INPUT_SIZE, calibration))
    np.save(target / ANCHORS, heads.anchors)
    (target / LABELS).write_text("\n".join(COCO_NAMES) + "\n")
    write_manifest(target, "SSDLite MobileNet v2 (COCO)", INPUT_SIZE, "TF.js graph model coco-ssd")


def print_progress(progress: str) -> None:
    """Print a line of progress."""
    typer.echo(f"  {progress}", err=True)


def main(
    source: Annotated[Path, typer.Argument(help="Folder with the TF.js model.json and its shards.")],
    target: Annotated[Path, typer.Argument(help="New folder for the converted model.")],
    clips: Annotated[Path, typer.Option(help="Folder of .mp4 clips to calibrate int8 with.")],
) -> None:
    """Convert the TF.js model COCO-SSD into a model folder."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        convert(source, target, clips)
    except (ValueError, OSError) as error:
        typer.echo(f"cannot convert {source}: {error}", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
