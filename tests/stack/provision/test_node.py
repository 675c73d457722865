"""Finding an npm."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.provision import node
from stack.provision.node import NpmNotFoundError, find_npm


def fake_npm(folder: Path, exit_code: int) -> Path:
    """An npm that only ends."""
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    program.chmod(0o755)
    return program


def test_the_machines_npm_is_used(tmp_path: Path) -> None:
    npm = fake_npm(tmp_path, 0)
    assert find_npm({"PATH": str(tmp_path)}) == [str(npm)]


def test_an_npm_that_does_not_run_gives_way_to_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm(tmp_path, 127)
    monkeypatch.setattr(node, "find_bundled_npm", lambda: ["packaged", "npm"])
    assert find_npm({"PATH": str(tmp_path)}) == ["packaged", "npm"]


def test_no_npm_at_all_is_one_sentence_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "find_bundled_npm", lambda: None)
    with pytest.raises(NpmNotFoundError, match=r"no npm on PATH .* run `make up`"):
        find_npm({"PATH": ""})
