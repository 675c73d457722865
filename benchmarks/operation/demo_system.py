"""The whole system with its demo camera, as `make up` starts it, in a folder and on ports of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
from kafka import KafkaConsumer, TopicPartition

from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.whole_system import WholeSystem
from lake.config.settings import PROJECT_ROOT
from lake.contracts.wire_format import RESULTS_TOPIC, TOPIC_PARTITIONS
from stack.programs.processes import GONE_ERRORS, tree
from stack.programs.supervision import Supervisor
from stack.site.installation import Installation

AS_THE_PRODUCT: Final = {"JDK_JAVA_OPTIONS": ""}
"""Tests let their JVMs start otherwise."""
UP_S: Final = 900
SUPERVISOR: Final = "supervisor"


@contextmanager
def demo_system(folder: Path) -> Iterator[WholeSystem]:
    """Not yet started; stopped at the end, whatever happened."""
    made = WholeSystem(folder, AS_THE_PRODUCT)
    try:
        yield made
    finally:
        made.down()


def make_up(system: WholeSystem, command: list[str]) -> float:
    """Run `make up` or another command that starts everything; seconds from it to the first result on Kafka.

    The moment is the result's own, as Kafka keeps it: who asks all the time would slow the start down.
    """
    began_at = time.time()
    done = subprocess.run(command, env=system.env, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, timeout=UP_S,
                          capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    first = wait_for("result", lambda: first_result(system.kafka, int(began_at * 1000)), UP_S)
    return first / 1000 - began_at


def first_result(bootstrap: str, since_ms: int) -> int | None:
    """When the first result since a moment was written, both in ms of the epoch; None without any."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        parts = [TopicPartition(RESULTS_TOPIC, part) for part in range(TOPIC_PARTITIONS)]
        found = consumer.offsets_for_times(dict.fromkeys(parts, since_ms))
        return min((one.timestamp for one in found.values() if one is not None), default=None)
    finally:
        consumer.close()


def programs_of(system: WholeSystem) -> dict[str, int]:
    """Process id of each program, and of their supervisor."""
    supervisor = Supervisor(Installation.from_env(system.env, PROJECT_ROOT))
    pids = {name: state.pid for name, state in supervisor.states().items() if state.pid}
    return {**pids, SUPERVISOR: supervisor.pid() or 0}


def cpu_seconds(programs: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds that each program's processes have used so far, those of ended children included."""
    found = {name: sum(map(_seconds, tree(pid))) for name, pid in programs.items()}
    alone = psutil.Process(programs[SUPERVISOR]).cpu_times()
    return {**found, SUPERVISOR: float(alone.user + alone.system)}


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except GONE_ERRORS:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
