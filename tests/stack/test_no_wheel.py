"""There is no wheel, and whoever asks for one is told why and what to do instead."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stack.no_wheel import REFUSAL

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "way", [("wheel", "."), ("install", "--target", "there", "."), ("install", "-e", ".")]
)
def test_whoever_builds_a_package_is_told_to_run_the_clone(tmp_path: Path, way: tuple[str, ...]) -> None:
    backend = tmp_path / "stack" / "no_wheel.py"
    backend.parent.mkdir()
    shutil.copy(ROOT / "stack" / "no_wheel.py", backend)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    pip = [sys.executable, "-m", "pip", "--no-cache-dir", "--disable-pip-version-check"]
    ran = subprocess.run(
        [*pip, way[0], "--no-deps", "--no-index", *way[1:]],
        cwd=tmp_path,
        env=os.environ | {"PIP_REQUIRE_VIRTUALENV": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode != 0
    assert REFUSAL in ran.stdout + ran.stderr
    assert list(tmp_path.rglob("*.whl")) == []
