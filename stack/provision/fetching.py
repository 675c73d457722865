"""Fetches groups of files, each checked by SHA-256 before it is moved into place."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from lake.storage.files import sha256_of
from stack.provision.artifacts import Artifact, Package, Stamp
from stack.provision.downloads import ToolError, fetch_jars, unpack

Report = Callable[[str], None]
Fetch = Callable[[Sequence[Artifact], Path, "Progress"], None]
INCOMING: Final = "downloads/incoming"
"""Below the cache folder: files not yet checked, and Ivy's own cache."""
ATTEMPTS: Final = 2
"""A broken file is fetched once more; broken twice is no accident."""


class ProvisionError(RuntimeError):
    """A file of the cache could not be fetched or created; finished ones are kept."""


@contextmanager
def lock(home: Path, report: Report) -> Iterator[None]:
    """Hold the cache folder alone.

    Raises:
        ProvisionError: the folder cannot be written.
    """
    try:
        (home / "downloads").mkdir(parents=True, exist_ok=True)
        guard = FileLock(home / "provision.lock")
        try:
            guard.acquire(timeout=0)
        except Timeout:
            report("another set-up is filling the cache; waiting for it")
            guard.acquire()
    except OSError as error:
        raise ProvisionError(
            f"cannot write to {home} ({error}): set PYCTURESTREAM_HOME to a folder of yours"
        ) from error
    try:
        yield
    finally:
        guard.release()


class Progress:
    """Counts fetched files and reports each one's name and size."""

    def __init__(self, wanted: Sequence[Artifact], report: Report) -> None:
        self.sizes = {file.name: file.size for file in wanted}
        self.total = len(self.sizes)
        self.report = report

    def fetched(self, name: str) -> None:
        """Report a fetched file, once."""
        size = self.sizes.pop(name, None)
        if size is not None:
            self.report(f"  [{self.total - len(self.sizes)}/{self.total}] {name}, {size / 1e6:.1f} MB")


def fetch_checked(files: Sequence[Artifact], fetch: Fetch, stamp: Stamp, progress: Progress) -> None:
    """Fetch files, and move those with the right SHA-256 into place; fetch the others once more.

    Raises:
        ProvisionError: they could not be fetched, or were broken twice.
    """
    for _ in range(ATTEMPTS):
        if not files:
            return
        folder = stamp.home / INCOMING
        try:
            fetch(files, folder, progress)
        except ToolError as error:
            raise ProvisionError(describe_failure(files, error)) from error
        files = [file for file in files if not move_checked(file, folder, stamp, progress)]
        if files:
            shutil.rmtree(folder, ignore_errors=True)
    if files:
        names = ", ".join(file.name for file in files)
        raise ProvisionError(
            f"{names}: not the expected SHA-256 in {ATTEMPTS} tries, so not used; something on the way"
            " changes files: ask who runs your proxy or mirror, then run `make up` again"
        )


def describe_failure(files: Sequence[Artifact], error: ToolError) -> str:
    """Return one sentence with the missing files and the cure, then the tool's last output."""
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    size = sum(file.size for file in files) / 1e6
    return (
        f"cannot fetch {files[0].name}{more} ({size:.1f} MB): connect this machine to the network,"
        f" or set up its proxy, and run `make up` again; what is finished is kept.\n  {error}"
    )


def move_checked(file: Artifact, folder: Path, stamp: Stamp, progress: Progress) -> bool:
    """Move one fetched file into place if its hash is right, else delete it."""
    fetched, target = folder / file.name, stamp.home / file.path
    if not fetched.is_file() or sha256_of(fetched) != file.sha256:
        fetched.unlink(missing_ok=True)
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    fetched.replace(target)
    progress.fetched(file.name)
    return stamp.holds(file.path, file.sha256)


def ivy_of(home: Path) -> Fetch:
    """Return a function that fetches jars with Ivy."""

    def fetch(files: Sequence[Artifact], folder: Path, progress: Progress) -> None:
        fetch_jars(files, folder, home, progress.fetched)

    return fetch


def unpacked(package: Package, download: Callable[[Package, Path], None]) -> Fetch:
    """Return a function that downloads a package and extracts files from it."""

    def fetch(_files: Sequence[Artifact], folder: Path, progress: Progress) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        progress.report(f"  {package.name} {package.version}, {package.archive.size / 1e6:.1f} MB")
        archive = folder / package.archive.name
        download(package, folder)
        if archive.is_file() and sha256_of(archive) == package.archive.sha256:
            unpack(archive, package, folder)
        archive.unlink(missing_ok=True)

    return fetch
