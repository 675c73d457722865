"""Every example in a docstring is run."""

from __future__ import annotations

import doctest
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("benchmarks", "capture", "dags", "dashboards", "jobs", "lake", "stack")
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)
OF_AIRFLOW = [module for module in WITH_EXAMPLES if module.startswith("dags.")]
"""Airflow reads its environment as it is imported, and wants a process of its own."""
TRY = """
import doctest, importlib, sys
for name in sys.argv[1:]:
    outcome = doctest.testmod(importlib.import_module(name))
    print(name, outcome.attempted > 0, outcome.failed)
"""


@pytest.mark.parametrize("module", [module for module in WITH_EXAMPLES if module not in OF_AIRFLOW])
def test_the_examples_of_a_module_are_true(module: str) -> None:
    outcome = doctest.testmod(importlib.import_module(module))
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_the_examples_of_dags_are_true(tmp_path: Path) -> None:
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", TRY, *OF_AIRFLOW]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert OF_AIRFLOW, "no module of dags has examples"
    assert done.stdout.splitlines() == [f"{name} True 0" for name in OF_AIRFLOW], done.stderr
