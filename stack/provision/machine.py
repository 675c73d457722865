"""Checks of platform and disk space. Standard library only: it runs first."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GB: Final = 10**9
ENVIRONMENT_BYTES: Final = 6_200_000_000
"""Python environment during installation, with the packages of the tests; 4.4 GB remain."""
CACHE_BYTES: Final = 250_000_000
"""Jars, model and clips, and twice their size while they are fetched."""
DATA_BYTES: Final = 2 * GB
"""Head-room for data: below it the archive of pictures pauses."""
PLATFORMS: Final = (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"))
MIN_GLIBC: Final = (2, 28)
MIN_MACOS: Final = (14, 0)


class PlatformError(OSError):
    """A machine for which the packages have no builds."""


class SpaceError(OSError):
    """A disk with too little room."""


@dataclass(frozen=True, slots=True)
class SpaceNeed:
    """Bytes that will be written below a path, and their purpose."""

    path: Path
    size: int
    purpose: str


def check_platform(system: str, machine: str, libc: tuple[str, str], macos: str) -> None:
    """Refuse platforms without builds of the packages.

    Args:
        system: value of `platform.system()`.
        machine: value of `platform.machine()`.
        libc: value of `platform.libc_ver()`.
        macos: version of macOS; empty elsewhere.

    Raises:
        PlatformError: not one of the supported platforms, or too old.
    """
    if (system, machine) not in PLATFORMS:
        raise PlatformError(
            f"{system} on {machine} is not supported: TensorFlow has builds for Linux on x86-64 or aarch64"
            " and for macOS on Apple silicon; use such a machine (on Windows: WSL 2)"
        )
    if system == "Linux" and (libc[0] != "glibc" or parse_version(libc[1]) < MIN_GLIBC):
        raise PlatformError(
            f"this Linux has {' '.join(libc).strip() or 'no glibc'}, and the packages need glibc 2.28"
            " or newer: use Debian 10, Ubuntu 20.04, RHEL 8 or later"
        )
    if system == "Darwin" and parse_version(macos) < MIN_MACOS:
        raise PlatformError(f"macOS {macos} is too old: the packages need macOS {MIN_MACOS[0]} or newer")


def parse_version(version: str) -> tuple[int, ...]:
    """`"2.36"` → (2, 36); anything unreadable sorts before all versions."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def check_space(needs: Sequence[SpaceNeed]) -> str:
    """Return needed and free space, per disk.

    Raises:
        SpaceError: a disk has less; the message says how much, for what, and the cure.
    """
    disks: dict[int, list[SpaceNeed]] = defaultdict(list)
    for need in needs:
        disks[existing(need.path).stat().st_dev].append(need)
    return "; ".join(check_disk(on_disk) for on_disk in disks.values())


def check_disk(needs: Sequence[SpaceNeed]) -> str:
    """Return the sentence about one disk.

    Raises:
        SpaceError: it has less than is needed.
    """
    folder = existing(needs[0].path)
    needed, free = sum(need.size for need in needs), shutil.disk_usage(folder).free
    parts = ", ".join(f"{need.size / GB:.1f} GB {need.purpose}" for need in needs)
    sentence = f"needs {needed / GB:.1f} GB on the disk of {folder} ({parts}); {free / GB:.1f} GB are free"
    if free < needed:
        raise SpaceError(
            f"{sentence}: free some, or put the project, PYCTURESTREAM_HOME (cache)"
            " or PYCTURESTREAM_DATA on a larger disk"
        )
    return sentence


def existing(path: Path) -> Path:
    """Return the path itself, or its nearest existing parent."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())


def main() -> int:
    """Check this machine before anything is installed into the current folder; return 1 if unsuitable."""
    cache = Path(os.environ.get("PYCTURESTREAM_HOME") or "~/.cache/pycturestream").expanduser()
    needs = [
        SpaceNeed(Path(".venv"), ENVIRONMENT_BYTES, "Python packages in .venv"),
        SpaceNeed(cache, CACHE_BYTES, "jars, model and clips"),
        SpaceNeed(Path(os.environ.get("PYCTURESTREAM_DATA") or "var"), DATA_BYTES, "room for data"),
    ]
    try:
        check_platform(platform.system(), platform.machine(), platform.libc_ver(), platform.mac_ver()[0])
        sys.stderr.write(f"{check_space(needs)}\n")
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
