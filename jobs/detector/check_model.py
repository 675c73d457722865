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
from jobs.detector.native_output import quiet
from lake.config.settings import SettingError, Settings
from lake.config.sources import load_configuration

CLIP: Final = Path("clips", "bikes.mp4")
FRAME: Final = 30
"""Of the clip; a person and a car are seen on it by each engine and precision, with scores from 0.67 on."""
KNOWN: Final = frozenset({"car", "person"})
MIN_SCORE: Final = 0.5
"""Score from which on an object is seen here, whatever is reported elsewhere."""


class ClipUnreadableError(ValueError):
    """A demo clip that is missing, or cannot be decoded."""


class ObjectsMissedError(ValueError):
    """A model that does not see what is known to be there."""


def known_picture(clip: Path) -> np.ndarray:
    """The picture on which the objects are known, BGR uint8 [H, W, 3].

    Raises:
        ClipUnreadableError: the clip has no such frame.
    """
    film = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    try:
        film.set(cv2.CAP_PROP_POS_FRAMES, FRAME)
        there, picture = film.read()
    finally:
        film.release()
    if not there:
        raise ClipUnreadableError(f"{clip} has no frame {FRAME}: run `make up`, which fetches it anew")
    return np.asarray(picture, np.uint8)


def inspect_model(detector: DetectorSettings, clip: Path) -> dict[str, Any]:
    """What the model is, each of its files being as its manifest says, and what it sees.

    Raises:
        ModelFilesError: a file is missing or changed.
        ClipUnreadableError: there is no picture to look at.
        ObjectsMissedError: an object that is there, and that the model has a label for, is not seen.
    """
    manifest = read_manifest(detector.model)
    check_files(detector.model, manifest, sorted(manifest.files))
    found = load_detector(detector).detect([known_picture(clip)])[0]
    seen = Counter(one.label for one in found if one.score >= MIN_SCORE)
    missed = KNOWN & set(read_labels(detector.model, manifest)) - set(seen)
    if missed:
        raise ObjectsMissedError(
            f"{manifest.name} sees no {' and no '.join(sorted(missed))} on frame {FRAME} of {clip.name}, only"
            f" {dict(seen)}: run `make up`, which makes the model anew, or unset PYCTURESTREAM_MODEL"
        )
    engine = f"{detector.engine}, {detector.precision}" if detector.engine == "litert" else detector.engine
    return {"model": manifest.name, "engine": engine, "files": len(manifest.files), "objects": dict(seen)}


def main(env: Mapping[str, str]) -> int:
    """Look, and print the answer or, on standard error, the reason for none."""
    try:
        settings = Settings.from_env(env)
        detector = DetectorSettings.from_env(env, settings)
        with quiet():
            answer = inspect_model(detector, settings.home / CLIP)
    except (SettingError, ValueError, OSError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(answer)}\n")
    return 0


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(os.environ))
