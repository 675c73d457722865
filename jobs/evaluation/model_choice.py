"""Find and load the models to evaluate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from jobs.detector.detected_object import DetectedObject
from jobs.detector.detector import DetectorSettings, load_detector
from jobs.detector.engines import SavedModel
from jobs.detector.label_files import find_labels, read_label_file
from jobs.detector.model_manifest import MANIFEST, SAVED_MODEL, read_manifest
from jobs.detector.saved_models import GRAPH, SavedModelDetector, find_saved_model
from lake.storage.files import sha256_of

ON_DEMAND: Final = ("centernet", "nanodet")
"""Models that `pycturestream evaluate` fetches when they are first named."""
WEIGHTS: Final = {
    "litert-float32": "float32.tflite",
    "litert-int8": "int8.tflite",
    "tensorflow": SAVED_MODEL,
}
"""Engine → its weights, a file or a folder in a model folder."""


class UnknownModelError(LookupError):
    """A name that is neither a model nor a file."""


class ObjectDetector(Protocol):
    """Anything that finds objects in pictures."""

    def detect(self, pictures: Sequence[np.ndarray]) -> list[list[DetectedObject]]:
        """Find the objects of each BGR uint8 picture, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and its engine.

    Attributes:
        name: of the model folder.
        engine: a key of WEIGHTS.
        folder: a model folder with its manifest, or a third-party folder with a SavedModel.
        own: whether the folder has our manifest.
        labels: labels file to use instead of the one in a third-party folder.
    """

    name: str
    engine: str
    folder: Path
    own: bool = True
    labels: Path | None = None

    def __str__(self) -> str:
        """Return `name:engine`, as on the command line."""
        return f"{self.name}:{self.engine}"


def known_models(models: Path) -> dict[str, list[Candidate]]:
    """Return model name → its candidates, for every model of the cache."""
    folders = sorted(path.parent for path in models.glob(f"*/{MANIFEST}"))
    return {folder.name: engines_of(folder) for folder in folders}


def engines_of(folder: Path) -> list[Candidate]:
    """Return a candidate for each engine of a model folder, by the weights in its manifest.

    Raises:
        ModelFilesError: the manifest cannot be read.
    """
    files = read_manifest(folder).files
    tops = {name.partition("/")[0] for name in files}
    return [Candidate(folder.name, engine, folder) for engine, weights in WEIGHTS.items() if weights in tops]


def find_models(word: str, models: Path, labels: Path | None) -> list[Candidate] | None:
    """Find the candidates that a word of the command line names; None when it is no model.

    Args:
        word: `coco-ssd`, `coco-ssd:tensorflow`, or the path of a folder.
        models: folder of the cache's models.
        labels: file that names the classes of a third-party SavedModel.
    """
    known = known_models(models)
    if word in known:
        return known[word]
    for candidate in (item for engines in known.values() for item in engines):
        if word == str(candidate):
            return [candidate]
    folder = Path(word).expanduser()
    if (folder / MANIFEST).is_file():
        return engines_of(folder.absolute())
    if saved_model := find_saved_model(folder):
        return [third_party_model(saved_model.absolute(), labels)]
    return None


def third_party_model(saved_model: Path, labels: Path | None) -> Candidate:
    """Return a candidate for a third-party SavedModel; its labels lie in its folder or beside it."""
    folder = saved_model.parent if saved_model.name == SAVED_MODEL else saved_model
    return Candidate(folder.name, "tensorflow", folder, own=False, labels=labels)


def unknown_model_error(word: str, models: Path) -> UnknownModelError:
    """Return the error about a word that is no model and no file."""
    known, name = known_models(models), word.partition(":")[0]
    if name in ON_DEMAND and name not in known:
        message = f"model {name!r} is not there yet: ./pycturestream evaluate {name} --demo fetches it"
        return UnknownModelError(message)
    names = [*known, *(str(item) for engines in known.values() for item in engines)]
    listed = ", ".join([*names, *(item for item in ON_DEMAND if item not in known)])
    return UnknownModelError(
        f"{word!r} is no model, picture or folder; models are {listed}, or a folder with a SavedModel"
    )


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A candidate that is ready, and the SHA-256 of its weights, hexadecimal."""

    detector: ObjectDetector
    weights_sha256: str


def load(candidate: Candidate, settings: DetectorSettings) -> LoadedModel:
    """Load a candidate, its files checked where it has a manifest.

    Raises:
        ModelFilesError: files are missing or changed, or it is no detector.
        LabelsError: its classes have no names.
    """
    if candidate.own:
        engine, _, precision = candidate.engine.partition("-")
        chosen = replace(settings, model=candidate.folder, engine=engine, precision=precision or "float32")
        detector = load_detector(chosen)
        return LoadedModel(
            detector, combine_sha256(_below(detector.manifest.files, WEIGHTS[candidate.engine]))
        )
    place = find_saved_model(candidate.folder) or candidate.folder
    labels = read_label_file(candidate.labels or find_labels(candidate.folder))
    model = SavedModel(place, settings.threads, settings.score)
    files = [place / GRAPH, *sorted((place / "variables").glob("*"))]
    return LoadedModel(
        SavedModelDetector(model, labels), combine_sha256({path.name: sha256_of(path) for path in files})
    )


def _below(files: Mapping[str, str], top: str) -> dict[str, str]:
    """Select the file of that name, or all in the folder of that name."""
    return {name: digest for name, digest in files.items() if name.partition("/")[0] == top}


def combine_sha256(files: Mapping[str, str]) -> str:
    """Return one hash of weights: the file's own, or for several that of their list in `sha256sum` format.

    >>> combine_sha256({"a.tflite": "12"})
    '12'
    """
    if len(files) == 1:
        return next(iter(files.values()))
    listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(listed.encode()).hexdigest()
