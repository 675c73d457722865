"""Who each program is on a secured Kafka, and that it knows no other's password."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lake.config.settings import PREFIX, PROJECT_ROOT, SettingError
from stack.programs.kafka_users import environment_of, users, with_own_users
from stack.programs.programs import Program

COMMON = {f"{PREFIX}KAFKA_USER": "ann", f"{PREFIX}KAFKA_PASSWORD": "common"}
OWN = {
    f"{PREFIX}KAFKA_USER_CAPTURE": "cams", f"{PREFIX}KAFKA_PASSWORD_CAPTURE": "of cams",
    f"{PREFIX}KAFKA_USER_STREAM": "spark", f"{PREFIX}KAFKA_PASSWORD_STREAM": "of spark",
}  # fmt: skip


def test_a_program_has_its_own_user_or_the_common_one_or_its_own_name() -> None:
    assert users({**COMMON, **OWN}) == {
        "capture": "cams", "stream": "spark", "batch": "ann", "dashboard": "ann", "results": "ann",
        "admin": "ann",
    }  # fmt: skip
    assert users({}) == {
        name: name for name in ("capture", "stream", "batch", "dashboard", "results", "admin")
    }


def test_a_program_knows_its_own_login_alone() -> None:
    env = {"PATH": "/bin", **COMMON, **OWN}
    own = {f"{PREFIX}KAFKA_USER": "cams", f"{PREFIX}KAFKA_PASSWORD": "of cams"}
    assert environment_of("capture", env) == {"PATH": "/bin", **own}
    assert environment_of("batch", env) == {"PATH": "/bin", **COMMON}


def test_half_a_login_is_refused() -> None:
    env = {**COMMON, f"{PREFIX}KAFKA_USER_BATCH": "airflow"}
    with pytest.raises(SettingError, match=r"^PYCTURESTREAM_KAFKA_PASSWORD_BATCH is empty"):
        environment_of("batch", env)


def test_programs_start_by_their_own_login_where_there_is_one_and_as_ever_otherwise() -> None:
    programs = [Program("capture", ("python", "-m", "capture", "agent"), 3), Program("kafka", ("java",), 3)]
    assert with_own_users(programs, COMMON) == programs
    started = Program(
        "capture", ("python", "-m", "stack.programs.kafka_users", "capture", "capture", "agent"), 3
    )
    assert with_own_users(programs, OWN) == [started, programs[1]]


def test_a_started_program_keeps_its_process_and_loses_the_passwords_of_others() -> None:
    shown = "import os; print(sorted(one for one in os.environ.items() if 'KAFKA' in one[0]))"
    command = [
        sys.executable,
        "-m",
        "stack.programs.kafka_users",
        "stream",
        "timeit",
        "-n1",
        "-r1",
        "-s",
        shown,
        "pass",
    ]
    done = subprocess.run(
        command,
        env={**os.environ, **COMMON, **OWN},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    own = [("PYCTURESTREAM_KAFKA_PASSWORD", "of spark"), ("PYCTURESTREAM_KAFKA_USER", "spark")]
    assert done.stdout.splitlines()[0] == str(own)
