"""Processes of a running system: put to sleep while others are measured, and what they computed."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

from benchmarks.support.running.system import System

BROKER, JVM, DRIVER, WORKERS = "Kafka", "Spark's JVM", "Spark's driver", "Python workers"


def end_when_asked() -> None:
    """Let SIGTERM end this program as an interrupt does, so that it ends what it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def by_role(system: System) -> dict[str, list[psutil.Process]]:
    """The processes of broker and stream that live now."""
    broker, driver = psutil.Process(system.broker.program.pid), psutil.Process(system.stream.pid)
    below = [one for one in driver.children(recursive=True) if one.is_running()]
    jvms = [one for one in driver.children() if one.is_running() and "java" in one.name()]
    workers = [one for one in below if one not in jvms]
    return {BROKER: [broker], JVM: jvms, DRIVER: [driver], WORKERS: workers}


@contextmanager
def asleep(processes: Iterable[psutil.Process]) -> Iterator[None]:
    """Stopped within the block, so that they take nothing from what is measured there."""
    stopped = list(processes)
    for one in stopped:
        with suppress(psutil.NoSuchProcess):
            one.suspend()
    try:
        yield
    finally:
        for one in stopped:
            with suppress(psutil.NoSuchProcess):
                one.resume()


def seconds_of(roles: Mapping[str, Iterable[psutil.Process]]) -> dict[str, float]:
    """Processor seconds that the processes of each role have used so far; ended children count too."""
    return {role: sum(map(_seconds, processes)) for role, processes in roles.items()}


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
