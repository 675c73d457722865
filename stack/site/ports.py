"""Checks of ports: which are busy, who holds them, and which setting moves them."""

from __future__ import annotations

import socket
from typing import Any

import psutil

from lake.config.settings import LOOPBACK, PREFIX
from stack.site.installation import Installation


class PortBusyError(OSError):
    """A port that another program holds; the message names the holder and the setting that moves it."""


def ports_needed(installation: Installation, airflow: bool = True) -> dict[str, int]:
    """Return setting → port of everything that will listen."""
    needed = {"SPARK_UI_PORT": installation.ui_port, "DASHBOARD_PORT": installation.dashboard_port}
    for broker in installation.brokers:
        suffix = "" if broker.node == 1 else f"_{broker.node}"
        needed |= {
            f"KAFKA_PORT{suffix}": broker.port,
            f"KAFKA_CONTROLLER_PORT{suffix}": broker.controller_port,
        }
    if airflow:
        needed |= {
            "AIRFLOW_PORT": installation.airflow_port,
            "AIRFLOW_LOGS_PORT": installation.airflow_logs_port,
        }
    needed |= installation.cluster.listening
    return {PREFIX + name: port for name, port in needed.items()}


def check_ports(needed: dict[str, int]) -> None:
    """Refuse to start when a port is taken.

    Raises:
        PortBusyError: names every busy port at once, so that one edit of `.env` is enough.
    """
    busy = [describe_busy(setting, port) for setting, port in needed.items() if not is_free(port)]
    if busy:
        raise PortBusyError("; ".join(busy))


def describe_busy(setting: str, port: int) -> str:
    """Return one sentence about a busy port: the holder and the cure."""
    return f"port {port} is held by {holder(port)}: {move(setting, port)}"


def move(setting: str, port: int) -> str:
    """Return the cure for a busy port; `NAME+1` is the port after the one that NAME sets.

    >>> move("PYCTURESTREAM_SPARK_WORKER_UI_PORT+1", 65535)
    'stop it, or put PYCTURESTREAM_SPARK_WORKER_UI_PORT=65434 into .env'
    """
    name, _, offset = setting.partition("+")
    return f"stop it, or put {name}={_next_free(port) - int(offset or 0)} into .env"


def is_free(port: int) -> bool:
    """Return whether this loopback port is free to listen on."""
    with socket.socket() as probe:
        # Connections of an earlier run that linger in TIME_WAIT do not make a port busy.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return not is_open(port)


def is_open(port: int, host: str = LOOPBACK) -> bool:
    """Return whether the port accepts a connection within a second."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def holder(port: int) -> str:
    """Describe who listens on the port, for example `java (pid 4711)`, or `another user's program`."""
    pid = listener(port)
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})" if pid else "another user's program"
    except psutil.Error:
        return f"pid {pid}"


def listener(port: int) -> int | None:
    """Return the id of the process that listens on the port; None if none is visible."""
    for process in psutil.process_iter():
        try:
            if any(_listens(connection, port) for connection in process.net_connections("tcp")):
                return int(process.pid)
        except psutil.Error:
            continue
    return None


def _listens(connection: Any, port: int) -> bool:
    return bool(connection.status == psutil.CONN_LISTEN and connection.laddr.port == port)


def _next_free(port: int) -> int:
    candidates = (port + step for step in range(100, 20_000, 100))
    return next(
        (candidate for candidate in candidates if candidate < 65536 and is_free(candidate)), port - 100
    )
