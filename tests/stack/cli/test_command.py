"""The command as a user runs it: the launcher in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from lake.config.settings import PROJECT_ROOT
from stack.programs.programs import KAFKAS, NAMES, SPARKS

LAUNCHER = PROJECT_ROOT / "pycturestream"


def run(tmp_path: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "PYCTURESTREAM_DATA": str(tmp_path / "data"), **settings}
    link = tmp_path / "a link"
    link.symlink_to(LAUNCHER)
    return subprocess.run(
        [str(link), *arguments],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_status_is_one_json_object_from_any_folder_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "stack.py").write_text("raise SystemExit('taken for ours')")
    done = run(tmp_path, "status", "--json", PYCTURESTREAM_KAFKA_PORT="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(json.loads(done.stdout)) == ["programs", "frames", "lag", "last_result_age_s", "airflow"]


def test_a_bad_setting_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    done = run(tmp_path, "status", PYCTURESTREAM_KAFKA_PORT="x")
    assert done.returncode == 2
    assert (
        done.stderr == "pycturestream: PYCTURESTREAM_KAFKA_PORT='x' must be a whole number from 1 to 65535\n"
    )


def test_another_error_of_ours_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    done = run(tmp_path, "logs", "nope")
    assert done.returncode == 1
    there = ", ".join(name for name in NAMES if name not in (*KAFKAS[1:], *SPARKS))
    assert done.stderr == f"pycturestream: no program 'nope'; there are {there}, supervisord\n"


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("camera", "add"),
        ("results", "--speak"),
        ("capture", "probe"),
        ("user", "password"),
        ("evaluate", "--demo"),
        ("events", "import"),
    ],
)
def test_the_help_of_a_handed_over_command_is_its_own(tmp_path: Path, command: str, word: str) -> None:
    done = run(tmp_path, command, "--help")
    assert done.returncode == 0, done.stderr
    assert word in done.stdout
