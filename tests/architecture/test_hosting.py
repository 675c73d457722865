"""The files that the hosting service reads are what it takes, and the hooks use the project's own tools."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOSTING = ROOT / ".github"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", "workflows/ci.yml"),
        ("custom.github-workflows-require-timeout", "workflows/ci.yml"),
        ("vendor.github-issue-forms", "ISSUE_TEMPLATE/bug.yml"),
        ("vendor.github-issue-forms", "ISSUE_TEMPLATE/feature.yml"),
        ("vendor.github-issue-config", "ISSUE_TEMPLATE/config.yml"),
    ],
)
def test_a_file_follows_the_schema_of_its_kind(schema: str, file: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, HOSTING / file]
    ran = subprocess.run(check, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_workflow_runs_what_is_run_here() -> None:
    assert "run: .ci/run" in (HOSTING / "workflows" / "ci.yml").read_text("utf-8")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100
