"""One program in the foreground, and the look at it, as a container engine or systemd uses them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lake.config.settings import Settings
from stack.airflow.components import COMPONENTS
from stack.programs import check_program, run_program
from stack.programs.programs import CAPTURE, DASHBOARD, STREAM
from stack.programs.run_program import DAEMONS, command_of, commands, environment_of
from stack.site.installation import Installation

ENV = {"SPARK_HOME": "/spark"}


@pytest.fixture
def env(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """What a container is told: a broker elsewhere, a free port, a folder of its own for Spark."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    told = {
        "HOME": settings.home,
        "DATA": tmp_path / "some data",
        "KAFKA": "kafka.invalid:29092",
        "DASHBOARD_PORT": port,
        "SPARK_CONF": tmp_path / "conf",
    }
    return dict(os.environ) | {f"PYCTURESTREAM_{name}": str(value) for name, value in told.items()}


def test_every_program_but_the_broker_can_be_run_and_both_daemons_of_spark() -> None:
    assert set(commands(ENV)) == {STREAM, *COMPONENTS, DASHBOARD, CAPTURE, *DAEMONS}


def test_arguments_follow_the_command() -> None:
    assert command_of("spark-worker", ["--cores", "2", "spark://master:7077"], ENV) == [
        "/spark/bin/spark-class",
        "org.apache.spark.deploy.worker.Worker",
        "--cores",
        "2",
        "spark://master:7077",
    ]
    assert command_of("stream", [], ENV) == [sys.executable, "-m", "jobs.stream.run_stream"]


@pytest.mark.parametrize("arguments", [[], ["streams"]])
def test_a_program_that_there_is_not_is_refused(
    arguments: list[str], env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program.main(arguments, env) == 1
    name = arguments[0] if arguments else ""
    assert capsys.readouterr().err.startswith(f"there is no program {name!r}; there are airflow-api, ")
    assert check_program.main(arguments, env) == 2


def test_only_the_daemons_of_spark_leave_loopback(env: dict[str, str], tmp_path: Path) -> None:
    here = Installation.from_env(env, tmp_path)
    addresses = {name: environment_of(name, here).get("SPARK_LOCAL_IP") for name in ("stream", *DAEMONS)}
    assert addresses == {"stream": "127.0.0.1", "spark-master": None, "spark-worker": None}
    assert environment_of("stream", here)["SPARK_CONF_DIR"] == str(tmp_path / "conf")
    assert sorted(file.name for file in (tmp_path / "conf").iterdir()) == [
        "log4j2.properties",
        "spark-defaults.conf",
    ]


@pytest.fixture
def dashboard(env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "stack.programs.run_program", "dashboard"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_program_is_unwell_until_it_answers_and_ends_when_it_is_told_to(
    env: dict[str, str], dashboard: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    port = env["PYCTURESTREAM_DASHBOARD_PORT"]
    assert check_program.main(["dashboard"], env) == 1
    assert dashboard.stderr is not None
    assert any(b"pages at" in line for line in dashboard.stderr)
    assert check_program.main(["dashboard"], env) == 0
    assert capsys.readouterr().out == f"dashboard: no answer at port {port}\ndashboard: well\n"
    dashboard.send_signal(signal.SIGTERM)
    assert dashboard.wait(30) == 0
