"""Models only for evaluations: fetched and converted when first requested by name."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from lake.config.settings import Settings
from stack.provision.artifacts import Artifact, Package, Stamp, load_on_demand
from stack.provision.downloads import fetch_npm_package
from stack.provision.fetching import INCOMING, Progress, Report, fetch_checked, lock, unpacked
from stack.provision.machine import SpaceNeed, check_space
from stack.provision.provision import read_manifest, run_converter

CONVERTED_BYTES: Final = 30_000_000
"""One converted model and its copy while it is moved; measured 15 MB."""


def names_of(package: Package) -> list[str]:
    """Return the names of the models in a package."""
    return [file.name.removesuffix(".json") for file in package.files if file.name.endswith(".json")]


def provide(settings: Settings, args: Iterable[str], report: Report) -> None:
    """Provide the models named in `args`, as `nanodet` or `nanodet:tensorflow`.

    Uses no network if all are present.

    Args:
        settings: `home` is the cache folder.
        args: of the command line; others are ignored.
        report: called with each line of progress.

    Raises:
        ProvisionError: a model could not be fetched or converted; the message says why.
        SpaceError: the disk is too full.
    """
    (package, converter), home = load_on_demand(), settings.home
    requested = {word.partition(":")[0] for word in args}
    names = [name for name in names_of(package) if name in requested]
    mark = f"{converter}:{package.archive.sha256}"
    if all(_is_converted(name, mark, Stamp(home)) for name in names):
        return
    with lock(home, report):
        stamp = Stamp(home)
        missing = [name for name in names if not _is_converted(name, mark, stamp)]
        try:
            _fetch(_only(package, missing), stamp, report)
            for name in missing:
                _convert(name, mark, package, stamp, report)
        finally:
            stamp.save()
    shutil.rmtree(home / INCOMING, ignore_errors=True)


def _only(package: Package, names: Sequence[str]) -> Package:
    """Return the package with only the files of these models."""
    files = (file for file in package.files if file.name.partition(".")[0] in names)
    return replace(package, files=tuple(files))


def _is_converted(name: str, mark: str, stamp: Stamp) -> bool:
    folder = f"models/{name}"
    files = read_manifest(stamp.home / folder).items()
    known = stamp.known.get(f"converted_by:{name}") == mark
    return known and bool(files) and all(stamp.holds(f"{folder}/{file}", digest) for file, digest in files)


def _fetch(package: Package, stamp: Stamp, report: Report) -> None:
    missing: list[Artifact] = [file for file in package.files if not stamp.holds(file.path, file.sha256)]
    if not missing:
        return
    needed = package.archive.size + sum(file.size for file in missing) + CONVERTED_BYTES
    check_space([SpaceNeed(stamp.home, needed, "models")])
    progress = Progress(missing, report)
    fetch_checked(
        missing, unpacked(replace(package, files=tuple(missing)), fetch_npm_package), stamp, progress
    )


def _convert(name: str, mark: str, package: Package, stamp: Stamp, report: Report) -> None:
    source = (stamp.home / package.files[0].path).parent
    report(f"converting {name}")
    run_converter("jobs.models.convert_anchor_free", source, stamp.home / "models" / name, [name], report)
    stamp.known[f"converted_by:{name}"] = mark
