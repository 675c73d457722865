"""Commands of docker-compose.yml that are small enough to be run here as they stand."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stack.kafka.broker import why_not_ready

ROOT = Path(__file__).resolve().parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]


def run_first_user(tmp_path: Path, password: str) -> int:
    """What `first-user` does, with another folder of secrets."""
    (tmp_path / "dashboard_password").write_text(f"{password}\n")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir(exist_ok=True)
    (bin_folder / "python").unlink(missing_ok=True)
    (bin_folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (bin_folder / "python").chmod(0o755)
    shell, flags, script = SERVICES["first-user"]["command"]
    env = os.environ | {"PYCTURESTREAM_DATA": str(tmp_path), "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    command = [shell, flags, script.replace("/run/secrets", str(tmp_path))]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, check=False, timeout=60).returncode


def test_the_first_user_is_made_once_from_the_secret(tmp_path: Path) -> None:
    users = tmp_path / "dashboard" / "users.json"
    assert run_first_user(tmp_path, "short") == 2
    assert not users.exists()
    assert run_first_user(tmp_path, "long enough") == 0
    first = users.read_bytes()
    assert b'"admin"' in first
    assert run_first_user(tmp_path, "another password") == 0
    assert users.read_bytes() == first


@pytest.mark.parametrize(
    ("service", "address"), [("kafka", "127.0.0.1/29092"), ("spark-master", "spark-master/7077")]
)
def test_a_look_at_a_port_succeeds_only_where_something_listens(service: str, address: str) -> None:
    check, *command = SERVICES[service]["healthcheck"]["test"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        here = [*command[:-1], command[-1].replace(address, f"127.0.0.1/{port}")]
        assert (check, subprocess.run(here, check=False, timeout=10).returncode) == ("CMD", 0)
    assert subprocess.run(here, capture_output=True, check=False, timeout=10).returncode == 1
    assert why_not_ready(f"127.0.0.1:{port}")
