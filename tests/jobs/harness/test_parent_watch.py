from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from benchmarks.support.running.programs import wait_for
from stack.programs.processes import is_alive

ROOT = Path(__file__).parents[3]
DRIVER = """
import subprocess, sys, time
from jobs.harness.parent_watch import watch_parents
watch_parents({"PYSPARK_GATEWAY_PORT": "1"})
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
print(child.pid, flush=True)
time.sleep(100)
"""
STARTER = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], *sys.argv[2:]])
print(child.pid, flush=True)
child.wait()
"""


def driver_started_by(*starters: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """The outermost starter, and all that it started: the other starters, the driver and its child."""
    command = [sys.executable, "-c", *starters, DRIVER]
    outer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert outer.stdout is not None
    return outer, [psutil.Process(int(outer.stdout.readline())) for _ in range(len(starters) + 1)]


def test_a_driver_and_its_children_end_with_the_jvm_that_started_it() -> None:
    outer, left = driver_started_by(STARTER)
    outer.kill()
    outer.communicate()
    wait_for("end of all processes", lambda: not any(map(is_alive, left)), 20)


def test_a_driver_ends_with_what_started_its_jvm() -> None:
    outer, left = driver_started_by(STARTER, STARTER)
    outer.kill()
    outer.communicate()
    jvm, *ours = left
    wait_for("end of the driver and its child", lambda: not any(map(is_alive, ours)), 20)
    wait_for("end of the JVM, whose driver is gone", lambda: not is_alive(jvm), 20)


def test_a_program_that_a_person_started_is_not_watched() -> None:
    code = "import threading; from jobs.harness.parent_watch import watch_parents; watch_parents({});"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code} print(threading.active_count())"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout == "1\n"
