"""`doctor`: one check for each thing that can be wrong, each with its cure."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kafka.errors import KafkaError

from stack.airflow import COMPONENTS
from stack.clock import Clock
from stack.health import ailment
from stack.installation import Installation
from stack.java import JavaNotFoundError, find_java
from stack.kafka_probe import ProbeError, round_trip, topics_that_differ
from stack.machine import DATA_BYTES, Need, SpaceError, check_space
from stack.ports import holder, is_free, listener, move, ports_needed
from stack.processes import marked
from stack.programs import CAPTURE, STREAM
from stack.provision import verify

UP: Final = "./pycturestream up"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `cure` says what to do when it is not `ok`."""

    name: str
    ok: bool
    detail: str
    cure: str = ""


def examine(installation: Installation, clock: Clock) -> Iterator[Finding]:
    """All checks, the machine first, then the running system; each is yielded as it is done."""
    yield check_python()
    yield check_java(installation)
    yield check_room(installation)
    yield check_cache(installation)
    yield from check_ports_of(installation)
    yield check_topics(installation)
    yield check_round_trip(installation)
    yield check_health(installation, STREAM, clock)
    yield check_health(installation, CAPTURE, clock)
    yield from (check_health(installation, name, clock) for name in COMPONENTS)
    yield check_webcams()


def check_python() -> Finding:
    """Python 3.11-3.13: TensorFlow has no build for later ones yet."""
    fits = (3, 11) <= sys.version_info < (3, 14)
    detail = f"{platform.python_version()} at {sys.executable}"
    return Finding("Python", fits, detail, "make up PYTHON=python3.12")


def check_java(installation: Installation) -> Finding:
    """A Java of the machine, or the packaged one."""
    try:
        return Finding("Java", True, str(find_java(installation.settings.home, installation.env)))
    except JavaNotFoundError as error:
        return Finding("Java", False, str(error), "make up")


def check_room(installation: Installation) -> Finding:
    """Room for data: below it the archive of pictures pauses."""
    try:
        detail = check_space([Need(installation.settings.data, DATA_BYTES, "room for data")])
    except SpaceError as error:
        return Finding("space", False, str(error), "free some, or move PYCTURESTREAM_DATA to a larger disk")
    return Finding("space", True, detail)


def check_cache(installation: Installation) -> Finding:
    """Every fetched file hashed again."""
    home = installation.settings.home
    broken = verify(installation.settings)
    detail = (
        f"missing or changed in {home}: {', '.join(broken)}" if broken else f"all files in {home} are right"
    )
    return Finding("cache", not broken, detail, f"{UP} (it fetches them again)")


def check_ports_of(installation: Installation) -> Iterator[Finding]:
    """Every port is free, or held by this very system."""
    ours = {process.pid for process in marked(installation.config)}
    for setting, port in ports_needed(installation).items():
        pid = listener(port)
        if is_free(port):
            yield Finding(f"port {port}", True, "free")
        elif pid in ours:
            yield Finding(f"port {port}", True, "held by this system")
        else:
            yield Finding(f"port {port}", False, f"held by {holder(port)}", move(setting, port))


def check_topics(installation: Installation) -> Finding:
    """The broker answers, and its topics are as the contract says."""
    kafka = installation.settings.kafka
    try:
        wrong = topics_that_differ(kafka, installation.topics)
    except (ProbeError, KafkaError) as error:
        return Finding("Kafka", False, str(error), UP)
    detail = f"{kafka}, topics as they should be" if not wrong else "; ".join(wrong)
    return Finding("Kafka", not wrong, detail, f"{UP} (it puts topics right)")


def check_round_trip(installation: Installation) -> Finding:
    """A message through the broker and back."""
    try:
        round_trip(installation.settings.kafka)
    except ProbeError as error:
        return Finding("Kafka round trip", False, str(error), f"{UP}; then ./pycturestream logs kafka")
    return Finding("Kafka round trip", True, "a message went there and back")


def check_health(installation: Installation, program: str, clock: Clock) -> Finding:
    """A program says of itself that it is well."""
    why = ailment(installation, program, clock)
    cure = f"{UP}; then ./pycturestream logs {program}"
    return Finding(program, why is None, "healthy" if why is None else why, cure)


def check_webcams() -> Finding:
    """Only a hint: a webcam is not needed."""
    found = sorted(str(device) for device in Path("/dev").glob("video*"))
    detail = ", ".join(found) if found else "none seen; files, RTSP addresses and the demo work without"
    return Finding("webcams", True, detail)
