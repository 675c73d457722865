"""The DAGs as Airflow loads them, parsed once in a process of its own, which the environment configures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stack.airflow.components import airflow_environment
from stack.airflow.credentials import make_secrets
from stack.site.installation import Installation

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def airflow_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a task, with a home of its own and no database."""
    data = tmp_path_factory.mktemp("airflow data")
    here = Installation.from_env({"PYCTURESTREAM_DATA": str(data)}, ROOT)
    base = {"PYTHONPATH": str(ROOT), "PYCTURESTREAM_DATA": str(data)}
    return airflow_environment(here, base, make_secrets(data / "airflow"))


@pytest.fixture(scope="session")
def parsed(airflow_env: dict[str, str]) -> dict[str, Any]:
    """What `describe_dags.py` prints."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("describe_dags.py"))],
        env=airflow_env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    described: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return described
