"""Ports, with real sockets of this very process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack.site.installation import Installation
from stack.site.ports import PortBusyError, check_ports, holder, is_free, listener, ports_needed


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def busy(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.socket() as held:
        held.bind((request.param, 0))
        held.listen()
        yield held.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_busy_port_names_its_holder_and_the_setting_that_moves_it(busy: int) -> None:
    with pytest.raises(PortBusyError) as caught:
        check_ports({"PYCTURESTREAM_KAFKA_PORT": busy})
    who = f"{psutil.Process().name()} (pid {os.getpid()})"
    assert f"port {busy} is held by {who}: stop it, or put PYCTURESTREAM_KAFKA_PORT=" in str(caught.value)
    moved = int(str(caught.value).rpartition("PYCTURESTREAM_KAFKA_PORT=")[2].split()[0])
    assert is_free(moved)


def test_a_holder_that_may_not_be_seen_is_another_users_program(
    busy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.site.ports.psutil.process_iter", list)
    assert holder(busy) == "another user's program"


def test_a_free_port_passes_and_nobody_listens() -> None:
    port = free_port()
    check_ports({"PYCTURESTREAM_KAFKA_PORT": port})
    assert listener(port) is None


def test_no_ports_are_needed_for_a_broker_elsewhere(tmp_path: Path) -> None:
    here = Installation.from_env({"PYCTURESTREAM_KAFKA": "broker.example:9092"}, tmp_path)
    own = {"PYCTURESTREAM_SPARK_UI_PORT": 4040, "PYCTURESTREAM_DASHBOARD_PORT": 8078}
    assert ports_needed(here, airflow=False) == own
