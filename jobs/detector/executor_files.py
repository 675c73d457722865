"""Ship the detector to executors on other machines: our code, and the model's files.

The code goes as a zip, not as a wheel: a wheel of ours would be the same files and a little about them, and
Spark puts a `.zip` on its workers' import path and no `.whl`. The model goes as one archive, which Spark
unpacks beside each executor. The SHA-256 of its manifest travels with every task, and the manifest has that
of each file: a worker computes with the driver's model, or not at all.
"""

from __future__ import annotations

import hashlib
import socket
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pyspark import SparkContext, SparkFiles, TaskContext

from jobs.detector.detector import DetectorSettings
from jobs.detector.model_manifest import MANIFEST, ModelFilesError, Shipment, check_shipment, read_manifest
from lake.config.settings import PROJECT_ROOT
from lake.spark.conf import is_local
from lake.storage.files import replacing, sha256_of

CODE: Final = ("jobs", "lake")
"""Packages that a worker imports."""
ARCHIVE_TIME: Final = (2020, 1, 1, 0, 0, 0)
"""Time of every file in an archive: the same files are the same archive."""


def ship_detector(context: SparkContext, detector: DetectorSettings, folder: Path) -> DetectorSettings:
    """Ship the code and model to the executors; return the settings unchanged where Spark runs locally.

    Args:
        context: of the application.
        detector: with the model's folder on this machine.
        folder: keeps what is shipped for as long as the application runs, and for the next one.

    Raises:
        ModelFilesError: the model differs from its manifest, here or on an executor.
    """
    if is_local(str(context.master)):
        return detector
    shipment = describe_shipment(detector.model)
    if not any(archive_name.endswith(f"#{shipment.name}") for archive_name in context.listArchives):
        context.addPyFile(str(pack(code_files(PROJECT_ROOT), folder, "code")))
        archive = pack(model_files(detector.model), folder, "model")
        context.addArchive(f"{archive.as_uri()}#{shipment.name}")
    shipped = replace(detector, shipment=shipment)
    if faults := check_arrivals(context, shipped):
        raise ModelFilesError(faults[0])
    return shipped


def check_arrivals(context: SparkContext, shipped: DetectorSettings) -> list[str]:
    """Return what is wrong with the model on each live executor; wait for the first of them."""
    slots = context.defaultParallelism
    faults = context.parallelize(range(slots), slots).mapPartitions(_Faults(shipped)).collect()
    return sorted(set(faults))


class _Faults:
    """Task that runs in a worker and yields a sentence if the model did not arrive there."""

    def __init__(self, shipped: DetectorSettings) -> None:
        self._shipped = shipped

    def __call__(self, _numbers: Iterable[int]) -> Iterator[str]:
        try:
            find_shipped_model(self._shipped)
        except ModelFilesError as error:
            yield str(error)


def find_shipped_model(detector: DetectorSettings) -> DetectorSettings:
    """Return the settings with this process's model folder, checked if Spark shipped it.

    Raises:
        ModelFilesError: a file is missing or changed; names it, both sums, and the machine.
    """
    if detector.shipment is None or TaskContext.get() is None:  # here, or alone in a child of the driver
        return detector
    folder = Path(SparkFiles.get(detector.shipment.name))
    check_shipment(folder, detector.shipment, socket.gethostname())
    return replace(detector, model=folder)


def describe_shipment(model: Path) -> Shipment:
    """Return the name and checksum under which the model folder is shipped.

    Raises:
        ModelFilesError: it has no manifest.
    """
    read_manifest(model)
    digest = sha256_of(model / MANIFEST)
    return Shipment(f"model-{digest[:16]}", digest)


def code_files(root: Path) -> dict[str, Path]:
    """Return name in the archive → file, for all code that a worker may import."""
    paths = (path for package in CODE for path in sorted((root / package).rglob("*.py")))
    return {path.relative_to(root).as_posix(): path for path in paths}


def model_files(model: Path) -> dict[str, Path]:
    """Return name in the archive → file, for the manifest and the files that it lists."""
    return {name: model / name for name in (MANIFEST, *sorted(read_manifest(model).files))}


def pack(files: Mapping[str, Path], folder: Path, name: str) -> Path:
    """Write an archive of the files, named after their contents, unless it exists already.

    Raises:
        ModelFilesError: a file cannot be read.
    """
    try:
        sums = "".join(f"{sha256_of(path)}  {inside}\n" for inside, path in files.items())
        target = folder / f"{name}-{hashlib.sha256(sums.encode()).hexdigest()[:16]}.zip"
        if not target.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _write(files, target)
    except OSError as error:
        raise ModelFilesError(f"{name} cannot be packed for Spark's executors: {error}") from error
    return target


def _write(files: Mapping[str, Path], target: Path) -> None:
    """Write in one step: another application may be packing the same files."""
    with replacing(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for inside, path in files.items():
            archive.writestr(zipfile.ZipInfo(inside, ARCHIVE_TIME), path.read_bytes())
