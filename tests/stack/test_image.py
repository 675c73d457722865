"""The image: its Dockerfile names files that exist and reach the build, and its user is nobody."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "stack" / "images"
LINES = (IMAGES / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
IGNORE = (IMAGES / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def instructions(word: str) -> list[str]:
    """What follows an instruction, each time."""
    return [line.removeprefix(f"{word} ").strip() for line in LINES if line.startswith(f"{word} ")]


COPIED = [source.rstrip("/") for copy in instructions("COPY") for source in copy.split()[:-1]]


@pytest.mark.parametrize("source", COPIED)
def test_what_is_copied_exists_and_is_not_ignored(source: str) -> None:
    assert (ROOT / source).exists()
    assert any(fnmatch(source, line[1:]) for line in IGNORE if line.startswith("!"))


def test_every_package_is_copied_and_nothing_that_could_hold_a_secret() -> None:
    packages = PROJECT["tool"]["mypy"]["packages"]
    assert sorted(one for one in COPIED if not one.startswith("requirements/")) == sorted(packages)
    assert [line for line in IGNORE if not line.startswith(("!", "#"))] == ["*", "**/__pycache__"]


def test_the_environment_is_installed_from_the_files_of_the_project_with_their_hashes() -> None:
    named = [name for run in instructions("RUN") for name in re.findall(r"--requirement (\S+)", run)]
    assert sorted(named) == sorted(one for one in COPIED if one.startswith("requirements/"))
    installs = [
        part
        for run in instructions("RUN")
        for part in run.split("&&")
        if " install " in part and "pip" in part
    ]
    assert [("--require-hashes" in part, "--no-cache" in part) for part in installs] == [(True, True)] * 2


def test_the_python_is_pinned_and_fits_the_project() -> None:
    (base,) = instructions("FROM")
    found = re.fullmatch(r"python:(3)\.(\d+)\.\d+-slim-bookworm", base)
    assert found
    assert (3, 11) <= (int(found[1]), int(found[2])) < (3, 14)
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"


def test_the_last_user_is_nobody_who_owns_the_data_folders() -> None:
    assert instructions("USER") == ["10001:10001"]
    (made,) = (run for run in instructions("RUN") if "useradd" in run)
    assert "--uid 10001" in made
    assert re.search(
        r'install --directory --owner=pycturestream .*"\$PYCTURESTREAM_HOME" "\$PYCTURESTREAM_DATA"', made
    )
