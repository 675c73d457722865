"""What is asked of the machine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from stack.provision import machine
from stack.provision.machine import GB, PlatformError, SpaceError, SpaceNeed, check_platform, check_space


@pytest.mark.parametrize(
    ("system", "processor", "libc", "macos"),
    [
        ("Linux", "x86_64", ("glibc", "2.36"), ""),
        ("Linux", "aarch64", ("glibc", "2.28"), ""),
        ("Darwin", "arm64", ("", ""), "14.0"),
    ],
)
def test_supported_platforms_pass(system: str, processor: str, libc: tuple[str, str], macos: str) -> None:
    check_platform(system, processor, libc, macos)


@pytest.mark.parametrize(
    ("system", "processor", "libc", "macos", "cure"),
    [
        ("Windows", "AMD64", ("", ""), "", "WSL 2"),
        ("Darwin", "x86_64", ("", ""), "15.1", "Apple silicon"),
        ("Linux", "armv7l", ("glibc", "2.36"), "", "x86-64 or aarch64"),
        ("Linux", "x86_64", ("", ""), "", "no glibc"),
        ("Linux", "x86_64", ("glibc", "2.27"), "", "glibc 2.28 or newer"),
        ("Darwin", "arm64", ("", ""), "13.6", "macOS 14 or newer"),
    ],
)
def test_other_platforms_are_refused_with_what_would_do(
    system: str, processor: str, libc: tuple[str, str], macos: str, cure: str
) -> None:
    with pytest.raises(PlatformError, match=cure):
        check_platform(system, processor, libc, macos)


def test_space_on_one_disk_is_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _path: SimpleNamespace(free=5 * GB))
    needs = [SpaceNeed(tmp_path / "not" / "yet", 3 * GB, "packages"), SpaceNeed(tmp_path, 2 * GB, "data")]
    assert check_space(needs) == (
        f"needs 5.0 GB on the disk of {tmp_path} (3.0 GB packages, 2.0 GB data); 5.0 GB are free"
    )


def test_one_byte_too_little_is_refused_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _path: SimpleNamespace(free=5 * GB - 1))
    with pytest.raises(SpaceError, match=r"needs 5.0 GB .* PYCTURESTREAM_HOME"):
        check_space([SpaceNeed(tmp_path, 3 * GB, "packages"), SpaceNeed(tmp_path, 2 * GB, "data")])
