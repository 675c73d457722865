"""`up`: from whatever is there to a running, healthy system, one step after the other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, Protocol

from filelock import FileLock, Timeout
from kafka.errors import KafkaError

from stack.airflow import COMPONENTS
from stack.broker import BrokerSettings
from stack.clock import Clock
from stack.health import ailment
from stack.installation import Installation
from stack.logs import last_lines
from stack.machine import DATA_BYTES, Need, check_space
from stack.ports import check_ports, ports_needed
from stack.processes import end, marked
from stack.programs import (
    CAPTURE,
    KAFKA,
    MARK,
    NAMES,
    Program,
    child_environment,
    python_programs,
    spark_environment,
)
from stack.provision import provision
from stack.run_airflow import PREPARE, is_prepared
from stack.supervision import Supervisor, socket_path, start_supervisor
from stack.supervisor_config import render_config
from stack.topics import create_topics

PATIENCE_S: Final = 300.0
"""Seconds a program has to become healthy: a machine busy with other work took over 120 to start Spark."""
RESTARTS_S: Final = 120.0
"""After so many seconds one that ended and waits to be started again is not waited for any longer."""
DATABASE: Final = "airflow-database"
"""Names the log of setting up Airflow's database."""


class UnhealthyError(RuntimeError):
    """A program that did not become healthy; the message ends with its last log lines."""


class UpInProgressError(RuntimeError):
    """Another `up` of this installation is at work."""


class Screen(Protocol):
    """Where the progress of a start is shown."""

    def line(self, text: str) -> None:
        """Say something that stays."""
        ...

    def waiting(self, text: str) -> None:
        """Say what is being waited for; replaces the last such text."""
        ...


def bring_up(installation: Installation, without: Collection[str], screen: Screen, clock: Clock) -> None:
    """Start everything that does not run yet, but for some programs, and wait until all of it is healthy.

    Raises:
        UpInProgressError: another `up` is at work.
        PortBusyError: a port is held by a stranger.
        UnhealthyError: a program did not become healthy in time.
    """
    installation.settings.run.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(installation.settings.run / "up.lock", timeout=0):
            _bring_up(installation, _wanted(installation, without), screen, clock)
    except Timeout as error:
        raise UpInProgressError("another `pycturestream up` is at work here; wait for it to end") from error


def _wanted(installation: Installation, without: Collection[str]) -> list[str]:
    left_out = {*without, *(() if installation.embedded else (KAFKA,))}
    return [name for name in NAMES if name not in left_out]


def _bring_up(installation: Installation, wanted: Sequence[str], screen: Screen, clock: Clock) -> None:
    supervisor = Supervisor(installation)
    running = [name for name, state in supervisor.states().items() if state.pid]
    if set(wanted) <= set(running):
        screen.line("already up; checking its health")
    elif supervisor.pid() is None:
        _prepare(installation, wanted, screen)
    if not installation.embedded:
        screen.line(f"using the broker at {installation.settings.kafka}; no own Kafka is started")
    # Spark needs far longer to start than the broker does, so both start at once; the stream waits for the
    # topics by itself, and the agent starts when there is something to send to.
    absent = [name for name in wanted if name not in running]
    airflow = [name for name in absent if name in COMPONENTS]
    database = _prepare_database(installation) if airflow else None
    _start(installation, supervisor, [name for name in absent if name not in (CAPTURE, *airflow)])
    wait_healthy(installation, KAFKA, supervisor, screen, clock)
    _make_topics(installation)
    _start(installation, supervisor, [name for name in absent if name == CAPTURE])
    _wait_for_database(installation, database, screen)
    _start(installation, supervisor, airflow)
    for name in (name for name in wanted if name != KAFKA):
        wait_healthy(installation, name, supervisor, screen, clock)


def _prepare_database(installation: Installation) -> subprocess.Popen[bytes] | None:
    """Begin to set up Airflow's database beside the start of the others; None where it needs nothing."""
    if is_prepared(installation):
        return None
    env = child_environment(installation) | {MARK: str(installation.config)}
    command = [sys.executable, "-m", "stack.run_airflow", PREPARE]
    with installation.log(DATABASE).open("wb") as log:
        return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _wait_for_database(
    installation: Installation, setting_up: subprocess.Popen[bytes] | None, screen: Screen
) -> None:
    if setting_up is None:
        return
    screen.waiting("setting up Airflow's database")
    if setting_up.wait():
        end = f"setting it up ended with status {setting_up.returncode}"
        raise UnhealthyError(_obituary(installation, DATABASE, end))
    screen.line("Airflow's database is set up")


def _start(installation: Installation, supervisor: Supervisor, names: Sequence[str]) -> None:
    for name in names:
        supervisor.start(name)


def _make_topics(installation: Installation) -> None:
    bootstrap = installation.settings.kafka
    try:
        create_topics(bootstrap, installation.topics)
    except KafkaError as error:
        raise UnhealthyError(f"Kafka at {bootstrap} did not make the topics: {error}") from error


def _prepare(installation: Installation, wanted: Sequence[str], screen: Screen) -> None:
    """Everything before the first program: left-overs, ports, files, configuration, supervisor."""
    settings = installation.settings
    left = marked(installation.config)
    if left:
        screen.line(f"ending {len(left)} processes that an earlier run left behind")
        for process in left:
            process.terminate()
        end(left, patience_s=10)
    check_ports(ports_needed(installation, airflow=not COMPONENTS.keys().isdisjoint(wanted)))
    check_space([Need(settings.data, DATA_BYTES, "room for data")])
    provision(settings, screen.line)
    env = spark_environment(installation)
    installation.logs.mkdir(parents=True, exist_ok=True)
    programs = [*_broker(installation, Path(env["JAVA_HOME"])), *python_programs()]
    installation.config.write_text(render_config(installation, programs, socket_path(settings.run)), "utf-8")
    start_supervisor(installation, env)


def _broker(installation: Installation, java_home: Path) -> list[Program]:
    if not installation.embedded:
        return []
    broker = BrokerSettings(
        port=installation.kafka_port,
        controller_port=installation.controller_port,
        data=installation.settings.data,
        jars=installation.settings.home / "jars" / "kafka",
        java_home=java_home,
    )
    broker.write_properties()
    broker.format_storage()
    return [Program(KAFKA, tuple(broker.command()), settle_s=3)]


def wait_healthy(
    installation: Installation, name: str, supervisor: Supervisor, screen: Screen, clock: Clock
) -> None:
    """Wait until a program is healthy, at most `PATIENCE_S`, or `RESTARTS_S` where it ends again and again.

    Raises:
        UnhealthyError: it was given up, or the time is over.
    """
    began = clock.monotonic()
    while True:
        state = supervisor.states().get(name)
        why = ailment(installation, name, clock, state.pid if state else None)
        if why is None:
            break
        word, waited = state.state if state is not None else "", clock.monotonic() - began
        if word == "FATAL" or waited > (RESTARTS_S if word == "BACKOFF" else PATIENCE_S):
            end = "the supervisor gave up on it" if word == "FATAL" else f"not healthy after {waited:.0f} s"
            raise UnhealthyError(_obituary(installation, name, f"{end} ({why})"))
        again = " (restarting)" if word == "BACKOFF" else ""
        screen.waiting(f"waiting for {name}: {why}{again}")
        clock.sleep(0.5)
    screen.line(f"{name} is healthy")


def _obituary(installation: Installation, name: str, end: str) -> str:
    log = installation.log(name)
    lines = "\n".join(last_lines(log, 20)) or "(nothing)"
    return f"{name}: {end}. The last lines of {log}:\n{lines}"
