"""Brings the detector to executors that know nothing of this machine: our code, and the model's files.

The code goes as a zip, not as a wheel: a wheel of ours would be the same files and a little about them, and
Spark puts a `.zip` on its workers' import path and no `.whl`. The model goes as one archive, which Spark
unpacks beside each executor. The SHA-256 of its manifest travels with every task, and the manifest has that
of each file: a worker computes with what the driver chose, or not at all.
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
LONG_AGO: Final = (2020, 1, 1, 0, 0, 0)
"""Time of every file in an archive: the same files are the same archive."""


def ship_detector(context: SparkContext, detector: DetectorSettings, folder: Path) -> DetectorSettings:
    """The detector as executors find it; the same where this very process is the executor.

    Args:
        context: of the application.
        detector: with the model's folder on this machine.
        folder: keeps what is shipped for as long as the application runs, and for the next one.

    Raises:
        ModelFilesError: the model is not here as its manifest says, or did not arrive so.
    """
    if is_local(str(context.master)):
        return detector
    shipment = describe_shipment(detector.model)
    if not any(one.endswith(f"#{shipment.name}") for one in context.listArchives):
        context.addPyFile(str(pack(code_files(PROJECT_ROOT), folder, "code")))
        archive = pack(model_files(detector.model), folder, "model")
        context.addArchive(f"{archive.as_uri()}#{shipment.name}")
    shipped = replace(detector, shipment=shipment)
    if faults := check_arrivals(context, shipped):
        raise ModelFilesError(faults[0])
    return shipped


def check_arrivals(context: SparkContext, shipped: DetectorSettings) -> list[str]:
    """What is wrong with the model on the executors that there are; waits for the first of them."""
    slots = context.defaultParallelism
    found = context.parallelize(range(slots), slots).mapPartitions(_Faults(shipped)).collect()
    return sorted(set(found))


class _Faults:
    """Runs in a worker; a sentence if the model did not arrive there."""

    def __init__(self, shipped: DetectorSettings) -> None:
        self._shipped = shipped

    def __call__(self, _numbers: Iterable[int]) -> Iterator[str]:
        try:
            arrived(self._shipped)
        except ModelFilesError as error:
            yield str(error)


def arrived(detector: DetectorSettings) -> DetectorSettings:
    """The detector with the folder in which this process finds the model, checked if Spark brought it.

    Raises:
        ModelFilesError: names the file, both sums, and the machine.
    """
    if detector.shipment is None or TaskContext.get() is None:  # here, or alone in a child of the driver
        return detector
    folder = Path(SparkFiles.get(detector.shipment.name))
    check_shipment(folder, detector.shipment, socket.gethostname())
    return replace(detector, model=folder)


def describe_shipment(model: Path) -> Shipment:
    """What is to arrive of the model folder.

    Raises:
        ModelFilesError: it has no manifest.
    """
    read_manifest(model)
    digest = sha256_of(model / MANIFEST)
    return Shipment(f"model-{digest[:16]}", digest)


def code_files(root: Path) -> dict[str, Path]:
    """Name in the archive → file, of all that a worker may import."""
    found = (path for package in CODE for path in sorted((root / package).rglob("*.py")))
    return {path.relative_to(root).as_posix(): path for path in found}


def model_files(model: Path) -> dict[str, Path]:
    """Name in the archive → file, of the manifest and of what it lists."""
    return {name: model / name for name in (MANIFEST, *sorted(read_manifest(model).files))}


def pack(files: Mapping[str, Path], folder: Path, name: str) -> Path:
    """An archive of the files, named after what is in them, unless it is there already.

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
    """In one step: an application that starts beside this one may be packing the same."""
    with replacing(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for inside, path in files.items():
            archive.writestr(zipfile.ZipInfo(inside, LONG_AGO), path.read_bytes())
