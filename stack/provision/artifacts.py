"""Fetched files besides Python packages: names, versions, sizes and SHA-256 from `artifacts.toml`."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lake.storage.files import replacing, sha256_of

DATA_FILE: Final = Path(__file__).with_name("artifacts.toml")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file to fetch, with its expected size and hash.

    Attributes:
        path: below the cache folder, with `/`.
        size: bytes.
        sha256: in hexadecimal.
        source: Maven coordinate `group:name:version` of a jar; empty for members of a package.
    """

    path: str
    size: int
    sha256: str
    source: str = ""

    @property
    def name(self) -> str:
        """File name without folders."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Package:
    """Files from a package of npm or PyPI.

    Attributes:
        name, version: in the package index.
        folder: folder of the files inside the archive.
        archive: the package itself, as downloaded.
        files: the files to extract.
    """

    name: str
    version: str
    folder: str
    archive: Artifact
    files: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Everything that `make up` fetches; a higher `converter` number makes the model be converted again."""

    jars: dict[str, tuple[Artifact, ...]]
    model: Package
    clips: Package
    converter: int


def load_artifacts(file: Path = DATA_FILE) -> Artifacts:
    """Read the data file that is part of this program."""
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    return Artifacts(
        jars={
            folder: tuple(_jar(folder, *item) for item in jars.items())
            for folder, jars in content["jars"].items()
        },
        model=_package(content["model"], "downloads/coco-ssd"),
        clips=_package(content["clips"], "clips"),
        converter=content["model"]["converter"],
    )


def load_on_demand(file: Path = DATA_FILE) -> tuple[Package, int]:
    """Return the package of the models fetched on demand, and the number of their converter."""
    entry = tomllib.loads(file.read_text(encoding="utf-8"))["on_demand"]
    return _package(entry, "downloads/on-demand"), entry["converter"]


def load_s3_jars(file: Path = DATA_FILE) -> tuple[Artifact, ...]:
    """Return the jars that only a lake in a bucket needs."""
    jars = tomllib.loads(file.read_text(encoding="utf-8"))["s3_jars"]
    return tuple(_jar("s3", *item) for item in jars.items())


def _jar(folder: str, source: str, entry: dict[str, Any]) -> Artifact:
    _, name, version = source.split(":")
    return Artifact(f"jars/{folder}/{name}-{version}.jar", entry["bytes"], entry["sha256"], source)


def _package(entry: dict[str, Any], target: str) -> Package:
    archive = entry["archive"]
    files = (
        Artifact(f"{target}/{name}", properties["bytes"], properties["sha256"])
        for name, properties in entry["files"].items()
    )
    return Package(
        name=entry["package"],
        version=entry["version"],
        folder=entry["folder"],
        archive=Artifact(f"downloads/{archive['name']}", archive["bytes"], archive["sha256"]),
        files=tuple(files),
    )


class Stamp:
    """Records which files were hashed, by size and modification time, so that a start need not hash 80 MB.

    Kept as `verified.json` in the cache folder. A missing or broken stamp only costs the hashing.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.file = home / "verified.json"
        try:
            self.known: dict[str, Any] = dict(json.loads(self.file.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            self.known = {}

    def holds(self, path: str, sha256: str) -> bool:
        """Return whether the file below the cache folder has this hash; hash it only if it changed since."""
        file = self.home / path
        try:
            state = file.stat()
            mark = [sha256, state.st_size, state.st_mtime_ns]
            if self.known.get(path) != mark:
                if sha256_of(file) != sha256:
                    return False
                self.known[path] = mark
        except OSError:
            return False
        return True

    def forget(self) -> None:
        """Forget all hashes, so that every file is hashed again."""
        self.known = {name: mark for name, mark in self.known.items() if not isinstance(mark, list)}

    def save(self) -> None:
        """Write the stamp atomically if it changed; a read-only cache is ignored."""
        text = json.dumps(self.known, indent=0, sort_keys=True)
        try:
            if self.file.is_file() and self.file.read_text(encoding="utf-8") == text:
                return
            with replacing(self.file) as new:
                new.write_text(text, encoding="utf-8")
        except OSError:
            return
