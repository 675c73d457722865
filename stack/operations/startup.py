"""`up`: starts the system step by step, until it is healthy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from kafka.errors import KafkaError

from lake.config.sources import MARK
from lake.kafka.client import (
    BrokerAwayError,
    BrokerRefusedError,
    check_connection,
    format_topics,
    translate_error,
)
from stack.airflow.components import COMPONENTS
from stack.kafka.broker import BrokerSettings
from stack.kafka.topics import create_topics
from stack.programs.kafka_users import with_own_users
from stack.programs.processes import end, marked
from stack.programs.programs import (
    CAPTURE,
    KAFKA,
    KAFKAS,
    Program,
    child_environment,
    names,
    python_programs,
    spark_environment,
    spark_programs,
)
from stack.programs.run_airflow import PREPARE, is_prepared
from stack.programs.spark_daemons import forget_applications
from stack.programs.supervision import ProgramState, Supervisor, socket_path, start_supervisor
from stack.programs.supervisor_config import render_config
from stack.programs.waiting import ProgressScreen, UnhealthyError, failure_report, wait_healthy
from stack.provision.machine import DATA_BYTES, SpaceNeed, check_space
from stack.provision.provision import provision
from stack.provision.s3_jars import provide_s3
from stack.site.clock import Clock
from stack.site.installation import Installation
from stack.site.kafka_cluster import check_size
from stack.site.ports import check_ports, ports_needed
from stack.site.spark_cluster import SPARK_MASTER

DATABASE: Final = "airflow-database"
"""Name of the log of setting up Airflow's database."""


class UpInProgressError(RuntimeError):
    """Another `up` of this installation is at work."""


class OtherSystemRunsError(RuntimeError):
    """A system runs that was started with fewer programs than requested now."""


def bring_up(
    installation: Installation, without: Collection[str], screen: ProgressScreen, clock: Clock
) -> None:
    """Start everything that does not run yet, except `without`, and wait until all of it is healthy.

    Raises:
        UpInProgressError: another `up` is at work.
        PortBusyError: a port is held by another program.
        UnhealthyError: a program did not become healthy in time.
        ClusterSizeError: the data belong to a Kafka of another number of brokers.
        CopiesError: the topics cannot have, or do not have, as many copies as the settings require.
    """
    installation.settings.run.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(installation.settings.run / "up.lock", timeout=0):
            _bring_up(installation, _wanted(installation, without), screen, clock)
    except Timeout as error:
        raise UpInProgressError("another `pycturestream up` is at work here; wait for it to end") from error


def _wanted(installation: Installation, without: Collection[str]) -> list[str]:
    return [name for name in names(installation) if name not in without]


def _bring_up(
    installation: Installation, wanted: Sequence[str], screen: ProgressScreen, clock: Clock
) -> None:
    if installation.embedded:
        check_size(installation.settings.data, len(installation.brokers))
    else:
        _try_foreign_broker(installation)
    supervisor = Supervisor(installation)
    running = [name for name, state in supervisor.states().items() if state.pid]
    if set(wanted) <= set(running):
        screen.line("already up; checking its health")
    elif supervisor.pid() is None:
        _prepare(installation, wanted, screen)
    check_programs_known(wanted, supervisor.states())
    if not installation.embedded:
        screen.line(f"using the broker at {installation.settings.kafka}; no own Kafka is started")
    # Spark takes far longer to start than the broker, so both start at once; the stream waits for the
    # topics by itself, and the agent starts when there is a broker to send to.
    absent = [name for name in wanted if name not in running]
    airflow = [name for name in absent if name in COMPONENTS]
    database = _prepare_database(installation) if airflow else None
    if SPARK_MASTER in wanted:  # an application without a master retries only after 20 s
        _start(installation, supervisor, [name for name in absent if name in (*KAFKAS, SPARK_MASTER)])
        wait_healthy(installation, SPARK_MASTER, supervisor, screen, clock)
    _start(installation, supervisor, [name for name in absent if name not in (CAPTURE, *airflow)])
    for name in (broker.name for broker in installation.brokers) if installation.embedded else (KAFKA,):
        wait_healthy(installation, name, supervisor, screen, clock)
    _make_topics(installation)
    _start(installation, supervisor, [name for name in absent if name == CAPTURE])
    _wait_for_database(installation, database, screen)
    _start(installation, supervisor, airflow)
    for name in (name for name in wanted if name not in (*KAFKAS, SPARK_MASTER)):
        wait_healthy(installation, name, supervisor, screen, clock)


def _try_foreign_broker(installation: Installation) -> None:
    """Fail at once on what waiting does not cure; an unreachable broker is waited for later.

    Raises:
        BrokerRefusedError: it refuses the login, the login lacks rights, or it cannot be trusted.
    """
    try:
        check_connection(installation.settings.broker)
    except BrokerRefusedError:
        raise
    except BrokerAwayError:
        return
    _make_topics(installation)


def check_programs_known(wanted: Sequence[str], states: Mapping[str, ProgramState]) -> None:
    """Refuse to add programs to a running system that was started without them.

    Raises:
        OtherSystemRunsError: names the missing programs.
    """
    lacking = [name for name in wanted if name not in states]
    if states and lacking:
        raise OtherSystemRunsError(
            f"the running system has no {', '.join(lacking)}: ./pycturestream down, then up"
        )


def _prepare_database(installation: Installation) -> subprocess.Popen[bytes] | None:
    """Begin to set up Airflow's database in the background; None if it is set up."""
    if is_prepared(installation):
        return None
    env = child_environment(installation) | {MARK: str(installation.config)}
    command = [sys.executable, "-m", "stack.programs.run_airflow", PREPARE]
    with installation.log(DATABASE).open("wb") as log:
        return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _wait_for_database(
    installation: Installation, setting_up: subprocess.Popen[bytes] | None, screen: ProgressScreen
) -> None:
    if setting_up is None:
        return
    screen.waiting("setting up Airflow's database")
    if setting_up.wait():
        end = f"setting it up ended with status {setting_up.returncode}"
        raise UnhealthyError(failure_report(installation, DATABASE, end))
    screen.line("Airflow's database is set up")


def _start(installation: Installation, supervisor: Supervisor, names: Sequence[str]) -> None:
    for name in names:
        supervisor.start(name)


def _make_topics(installation: Installation) -> None:
    bootstrap = installation.settings.broker
    try:
        sizes = installation.frames_partitions, installation.copies
        create_topics(bootstrap, installation.topics, *sizes)
    except KafkaError as error:
        reason = translate_error(error, bootstrap, format_topics(installation.topics))
        if isinstance(reason, BrokerRefusedError):
            raise reason from error
        raise UnhealthyError(f"Kafka at {bootstrap} did not make the topics: {error}") from error


def _prepare(installation: Installation, wanted: Sequence[str], screen: ProgressScreen) -> None:
    """Prepare the first start: leftover processes, ports, files, configuration, supervisor."""
    settings = installation.settings
    leftover = marked(installation.config)
    if leftover:
        screen.line(f"ending {len(leftover)} processes that an earlier run left behind")
        for process in leftover:
            process.terminate()
        end(leftover, timeout_s=10)
    check_ports(ports_needed(installation, airflow=not COMPONENTS.keys().isdisjoint(wanted)))
    check_space([SpaceNeed(settings.data, DATA_BYTES, "room for data")])
    provision(settings, screen.line)
    provide_s3(settings, screen.line)
    env = spark_environment(installation)
    forget_applications(installation)
    installation.logs.mkdir(parents=True, exist_ok=True)
    brokers = _brokers(installation, Path(env["JAVA_HOME"]))
    programs = [*brokers, *spark_programs(installation), *with_own_users(python_programs(), env)]
    installation.config.write_text(render_config(installation, programs, socket_path(settings.run)), "utf-8")
    start_supervisor(installation, env)


def _brokers(installation: Installation, java_home: Path) -> list[Program]:
    programs = []
    for ports in installation.brokers:
        broker = BrokerSettings(
            port=ports.port,
            controller_port=ports.controller_port,
            data=installation.settings.data,
            jars=installation.settings.home / "jars" / "kafka",
            java_home=java_home,
            node=ports.node,
            quorum=tuple(other.controller_port for other in installation.brokers),
        )
        broker.write_properties()
        broker.format_storage()
        programs.append(Program(ports.name, tuple(broker.command()), settle_s=3))
    return programs
