"""The model folder and its manifest `model.json`: read, written, and checked by SHA-256."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lake.storage.files import sha256_of

MANIFEST = "model.json"
LABELS = "labels.txt"
SAVED_MODEL = "saved_model"
ANCHORS = "anchors.npy"


class ModelFilesError(ValueError):
    """A model folder that is missing, incomplete or not what its manifest says."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of a model folder.

    Attributes:
        name: of the model.
        input_size: side of the square picture the model takes, pixels.
        source: where the weights came from, for a reader.
        labels: file whose n-th line names class n (from 1); an empty line is a class never reported.
        files: path relative to the folder → SHA-256, in hexadecimal.
    """

    name: str
    input_size: int
    source: str
    labels: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Shipment:
    """A model folder on its way to Spark's executors.

    Attributes:
        name: of its folder among the files that Spark brings.
        manifest_sha256: of its `model.json`, in hexadecimal; that has those of all others.
    """

    name: str
    manifest_sha256: str


def write_manifest(folder: Path, name: str, input_size: int, source: str) -> Manifest:
    """Write `model.json` for the files that lie in the folder now."""
    files = {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    manifest = Manifest(name, input_size, source, LABELS, files)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the folder's manifest.

    Raises:
        ModelFilesError: there is none, or it cannot be read.
    """
    path = folder / MANIFEST
    try:
        return Manifest(**json.loads(path.read_text()))
    except FileNotFoundError as error:
        raise ModelFilesError(
            f"{path} is missing: run `make up` to provision the model, or set PYCTURESTREAM_MODEL "
            "to a folder made by `python -m jobs.models.convert_model`"
        ) from error
    except (OSError, TypeError, ValueError) as error:
        raise ModelFilesError(f"{path} cannot be read ({error}): {_remedy(folder)}") from error


def check_files(folder: Path, manifest: Manifest, names: list[str]) -> None:
    """Check that files, or all files below a named folder, are those the manifest lists.

    Raises:
        ModelFilesError: one is missing, changed, or not listed.
    """
    for name in names:
        listed = {path for path in manifest.files if path == name or path.startswith(f"{name}/")}
        if not listed:
            raise ModelFilesError(f"{folder / MANIFEST} lists no {name}: {_remedy(folder)}")
        for path in sorted(listed):
            _check_file(folder, path, manifest.files[path], MANIFEST, _remedy(folder))


def check_shipment(folder: Path, shipment: Shipment, machine: str) -> None:
    """Check that the folder on the machine of that name holds the model that was shipped.

    Raises:
        ModelFilesError: a file is missing or changed.
    """
    remedy = (
        f"it did not arrive on {machine} as the driver has it; see whether that disk is full, and delete"
        " run/shipped in the driver's data folder, which is packed anew"
    )
    _check_file(folder, MANIFEST, shipment.manifest_sha256, "the driver", remedy)
    for name, expected in sorted(read_manifest(folder).files.items()):
        _check_file(folder, name, expected, MANIFEST, remedy)


def _check_file(folder: Path, name: str, expected: str, by: str, remedy: str) -> None:
    try:
        actual = sha256_of(folder / name)
    except OSError as error:
        raise ModelFilesError(f"{folder / name} cannot be read ({error}): {remedy}") from error
    if actual != expected:
        raise ModelFilesError(f"{folder / name} has SHA-256 {actual}, {by} says {expected}: {remedy}")


def _remedy(folder: Path) -> str:
    return f"delete the folder {folder} and run `make up` to make it anew"


def read_labels(folder: Path, manifest: Manifest) -> list[str]:
    """Read the labels by class, class 1 first; an empty one is never reported."""
    check_files(folder, manifest, [manifest.labels])
    return (folder / manifest.labels).read_text().splitlines()
