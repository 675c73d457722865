"""The README shows pictures that exist and names commands that the code knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from stack.cli.command import HANDED_OVER, app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def found(pattern: str) -> list[str]:
    return sorted(set(re.findall(pattern, README)))


@pytest.mark.parametrize("picture", found(r"\]\((docs/[^)]+)\)"))
def test_a_picture_exists(picture: str) -> None:
    assert (ROOT / picture).is_file()


@pytest.mark.parametrize("command", found(r"\./pycturestream ([a-z][a-z-]*)"))
def test_a_command_exists(command: str) -> None:
    assert command in {*HANDED_OVER, *get_command(app).commands}  # type: ignore[attr-defined]


@pytest.mark.parametrize("target", found(r"`make ([a-z]+)`"))
def test_a_target_can_be_made(target: str) -> None:
    assert f"\n{target}:" in MAKEFILE


@pytest.mark.parametrize("module", found(r"python -m ([a-z_.]+)"))
def test_a_module_exists(module: str) -> None:
    assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
