"""`doctor`: checks of the machine and the system, each with a cure."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from kafka.errors import KafkaError

from stack.airflow.components import COMPONENTS
from stack.kafka.probe import ProbeError, round_trip, topics_that_differ
from stack.operations.deep_checks import try_model, try_spark
from stack.operations.findings import UP, Finding, timed
from stack.programs.health import health_problem
from stack.programs.processes import marked
from stack.programs.programs import CAPTURE, KAFKA, NAMES, names
from stack.programs.supervision import ProgramState, Supervisor
from stack.provision.java import JavaNotFoundError, find_java
from stack.provision.machine import DATA_BYTES, SpaceError, SpaceNeed, check_space
from stack.provision.provision import verify
from stack.site.clock import Clock
from stack.site.installation import Installation
from stack.site.ports import holder, is_free, listener, move, ports_needed

STOPPED: Final = "STOPPED"
LEFT_OUT: Final = (CAPTURE, *COMPONENTS)
"""Programs that `up` can leave out."""
DEEP_CHECK_NOTICE: Final = (
    "trying Spark with Kafka and Delta, and the model: half a minute; --quick leaves them out"
)


def examine(
    installation: Installation, clock: Clock, notify: Callable[[str], None], *, quick: bool
) -> Iterator[Finding]:
    """Yield all checks as they are done, the machine first, then the running system.

    Args:
        installation: the installation to check.
        clock: times the checks.
        notify: called with a line before slow checks.
        quick: skip slow checks.
    """
    return timed(_examine(installation, clock, notify, quick=quick), clock)


def _examine(
    installation: Installation, clock: Clock, notify: Callable[[str], None], *, quick: bool
) -> Iterator[Finding]:
    yield check_python()
    yield check_java(installation)
    yield check_room(installation)
    yield check_cache(installation)
    yield from check_ports_of(installation)
    yield check_topics(installation)
    yield check_round_trip(installation)
    yield from check_programs(installation, clock)
    if not quick:
        notify(DEEP_CHECK_NOTICE)
        yield from try_spark(installation)
        yield try_model(installation)
    yield check_webcams()


def check_python() -> Finding:
    """Check for Python 3.11-3.13: TensorFlow has no build for later ones yet."""
    fits = (3, 11) <= sys.version_info < (3, 14)
    detail = f"{platform.python_version()} at {sys.executable}"
    return Finding("Python", fits, detail, "make up PYTHON=python3.12")


def check_java(installation: Installation) -> Finding:
    """Check for a Java of the machine, or the packaged one."""
    try:
        return Finding("Java", True, str(find_java(installation.settings.home, installation.env)))
    except JavaNotFoundError as error:
        return Finding("Java", False, str(error), "make up")


def check_room(installation: Installation) -> Finding:
    """Check the room for data: below it the archive of pictures pauses."""
    try:
        detail = check_space([SpaceNeed(installation.settings.data, DATA_BYTES, "room for data")])
    except SpaceError as error:
        return Finding("space", False, str(error), "free some, or move PYCTURESTREAM_DATA to a larger disk")
    return Finding("space", True, detail)


def check_cache(installation: Installation) -> Finding:
    """Check the hash of every fetched file."""
    home = installation.settings.home
    broken = verify(installation.settings)
    detail = (
        f"missing or changed in {home}: {', '.join(broken)}" if broken else f"all files in {home} are right"
    )
    return Finding("cache", not broken, detail, f"{UP} (it fetches them again)")


def check_ports_of(installation: Installation) -> Iterator[Finding]:
    """Check that every port is free, or held by this system."""
    ours = {process.pid for process in marked(installation.config)}
    for setting, port in ports_needed(installation).items():
        if is_free(port):
            yield Finding(f"port {port}", True, "free")
        elif listener(port) in ours:
            yield Finding(f"port {port}", True, "held by this system")
        else:
            yield Finding(f"port {port}", False, f"held by {holder(port)}", move(setting, port))


def check_topics(installation: Installation) -> Finding:
    """Check that the broker answers, and its topics match the contract."""
    kafka = installation.settings.broker
    try:
        sizes = installation.frames_partitions, installation.copies
        problems = topics_that_differ(kafka, installation.topics, *sizes)
    except (ProbeError, KafkaError) as error:
        return Finding("Kafka", False, str(error), UP)
    detail = f"{kafka}, topics as they should be" if not problems else "; ".join(problems)
    return Finding("Kafka", not problems, detail, f"{UP} (it puts topics right)")


def check_round_trip(installation: Installation) -> Finding:
    """Check that a message passes through the broker."""
    try:
        round_trip(installation.settings.broker)
    except ProbeError as error:
        return Finding("Kafka round trip", False, str(error), f"{UP}; then ./pycturestream logs kafka")
    return Finding("Kafka round trip", True, "a message went there and back")


def check_programs(installation: Installation, clock: Clock) -> Iterator[Finding]:
    """Check that each program reports itself healthy."""
    states = Supervisor(installation).states()
    alone = (KAFKA,) if len(installation.brokers) == 1 else ()  # covered by the check of Kafka
    present = {*states, *names(installation)} - {*alone}
    for name in (name for name in NAMES if name in present):
        yield check_program(installation, name, states.get(name), clock)


def check_program(installation: Installation, name: str, state: ProgramState | None, clock: Clock) -> Finding:
    """Check one program; `state` is None if nothing runs. A program left out of the start is fine."""
    if name in LEFT_OUT and state is not None and state.state == STOPPED:
        return Finding(name, True, "left out of this start")
    if state is None or state.state == STOPPED:
        return Finding(name, False, "not running", UP)
    ended = f"ended ({state.state.lower()}) {state.reason}".strip()
    problem = health_problem(installation, name, clock, state.pid) if state.pid else ended
    cure = f"{UP}; then ./pycturestream logs {name}"
    return Finding(name, problem is None, "healthy" if problem is None else problem, cure)


def check_webcams() -> Finding:
    """List webcams, as a hint: none is needed."""
    devices = sorted(str(device) for device in Path("/dev").glob("video*"))
    detail = ", ".join(devices) if devices else "none seen; files, RTSP addresses and the demo work without"
    return Finding("webcams", True, f"{detail} (./pycturestream capture probe looks closer)")
