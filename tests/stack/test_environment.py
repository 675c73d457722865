"""Making the virtual environment, as far as it needs no network."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from lake.config.settings import PROJECT_ROOT
from stack import environment
from stack.environment import EnvironmentCreationError, create, install, is_installed, remember, requirements


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a space, requirements and an environment whose Python does as it is told."""
    root = tmp_path / "a project"
    (root / "requirements").mkdir(parents=True)
    for group in ("base", "dev", "uv"):
        (root / "requirements" / f"{group}.txt").write_text(f"{group}==1\n")
    program(root / ".venv" / "bin" / "python", 'echo "$@" >> calls')
    monkeypatch.chdir(root)
    return root


def program(path: Path, does: str) -> Path:
    """A shell script in place of a Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


def calls(project: Path) -> list[str]:
    return (project / "calls").read_text().splitlines() if (project / "calls").exists() else []


def test_uv_is_installed_first_and_everything_by_hash(project: Path) -> None:
    install(["base", "dev"])
    assert calls(project) == [
        "-m pip install --quiet --require-hashes -r requirements/uv.txt",
        "-m uv pip install --python .venv/bin/python --require-hashes --compile-bytecode"
        " -r requirements/base.txt -r requirements/dev.txt",
    ]


def test_what_is_installed_is_not_installed_again_until_its_file_changes(project: Path) -> None:
    install(["base"])
    assert (is_installed("base"), is_installed("dev")) == (True, False)
    (project / "requirements" / "base.txt").write_text("base==2\n")
    assert not is_installed("base")


def test_a_failed_installation_is_not_remembered(project: Path) -> None:
    remember(["uv"])
    program(project / ".venv" / "bin" / "python", "exit 2")
    with pytest.raises(
        EnvironmentCreationError, match=r"could not be installed .* it continues where it stopped"
    ):
        install(["base"])
    assert not is_installed("base")


def test_a_python_without_a_venv_module_is_told_with_the_package_that_brings_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = program(project / "python", 'echo "ensurepip is not available"; exit 1')
    monkeypatch.setattr(sys, "executable", str(python))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with pytest.raises(
        EnvironmentCreationError, match=rf"sudo apt install python{version}-venv.*ensurepip is not"
    ):
        create()
    assert not (project / ".venv").exists()


def test_an_environment_that_is_a_link_is_left_alone(project: Path) -> None:
    (project / ".venv").rename(project / "elsewhere")
    (project / ".venv").symlink_to(project / "elsewhere")
    with pytest.raises(EnvironmentCreationError, match=r"is a link to .*elsewhere, left alone"):
        create()
    assert (project / "elsewhere" / "bin" / "python").exists()


def test_an_environment_of_another_version_is_used_unless_a_python_was_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(project / ".venv" / "bin" / "python", "echo 3 9")
    monkeypatch.delenv("PYTHON", raising=False)
    assert environment.is_usable()
    monkeypatch.setenv("PYTHON", "python3.13")
    assert not environment.is_usable()


def test_an_environment_whose_python_is_gone_is_not_usable(project: Path) -> None:
    program(project / ".venv" / "bin" / "python", "exit 127")
    assert not environment.is_usable()


def test_every_extra_has_a_requirements_file_that_pins_what_it_names() -> None:
    extras = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {extra: {re.split(r"[=\[;<>]", one)[0] for one in wanted} for extra, wanted in extras.items()}
    pinned = {
        extra: re.findall(r"^([\w.-]+)==", (PROJECT_ROOT / requirements(extra)).read_text(), re.MULTILINE)
        for extra in extras
    }
    assert {extra for extra in named if not named[extra] <= set(pinned[extra])} == set()
    assert "speech" in named
