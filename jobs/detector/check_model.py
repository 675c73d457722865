"""Show that the model is the right one and sees a known object: `python -m jobs.detector.check_model`.

The known picture is a frame of the demo clip. Prints one line of JSON: the model's name, engine and weights,
and the objects seen; `pycturestream doctor` starts it.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from jobs.detector.detector import DetectorSettings, load_detector
from jobs.detector.model_manifest import check_files, read_labels, read_manifest
from jobs.detector.native_output import silence_native_output
from lake.config.settings import SettingError, Settings
from lake.config.sources import load_configuration

CLIP: Final = Path("clips", "bikes.mp4")
FRAME: Final = 30
"""Of the clip; a person and a car are seen on it by each engine and precision, with scores from 0.67 on."""
KNOWN_OBJECTS: Final = frozenset({"car", "person"})
MIN_SCORE: Final = 0.5
"""Score from which on an object is seen here, whatever is reported elsewhere."""


class ClipUnreadableError(ValueError):
    """A demo clip that is missing, or cannot be decoded."""


class ObjectsMissedError(ValueError):
    """A model that does not see what is known to be there."""


def read_known_picture(clip: Path) -> np.ndarray:
    """Read the frame on which the objects are known, BGR uint8 [H, W, 3].

    Raises:
        ClipUnreadableError: the clip has no such frame.
    """
    video = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    try:
        video.set(cv2.CAP_PROP_POS_FRAMES, FRAME)
        ok, picture = video.read()
    finally:
        video.release()
    if not ok:
        raise ClipUnreadableError(f"{clip} has no frame {FRAME}: run `make up`, which fetches it anew")
    return np.asarray(picture, np.uint8)


def inspect_model(detector: DetectorSettings, clip: Path) -> dict[str, Any]:
    """Check the model's files against its manifest, and describe the model and what it sees.

    Raises:
        ModelFilesError: a file is missing or changed.
        ClipUnreadableError: the clip has no such frame.
        ObjectsMissedError: an object that is there, and that the model has a label for, is not seen.
    """
    manifest = read_manifest(detector.model)
    check_files(detector.model, manifest, sorted(manifest.files))
    objects = load_detector(detector).detect([read_known_picture(clip)])[0]
    counts = Counter(item.label for item in objects if item.score >= MIN_SCORE)
    missed = KNOWN_OBJECTS & set(read_labels(detector.model, manifest)) - set(counts)
    if missed:
        raise ObjectsMissedError(
            f"{manifest.name} sees no {' and no '.join(sorted(missed))} on frame {FRAME} of {clip.name}, only"
            f" {dict(counts)}: run `make up`, which makes the model anew, or unset PYCTURESTREAM_MODEL"
        )
    engine = f"{detector.engine}, {detector.precision}" if detector.engine == "litert" else detector.engine
    return {"model": manifest.name, "engine": engine, "files": len(manifest.files), "objects": dict(counts)}


def main(env: Mapping[str, str]) -> int:
    """Print the report or, on standard error, the error; return the exit status."""
    try:
        settings = Settings.from_env(env)
        detector = DetectorSettings.from_env(env, settings)
        with silence_native_output():
            report = inspect_model(detector, settings.home / CLIP)
    except (SettingError, ValueError, OSError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(report)}\n")
    return 0


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(os.environ))
