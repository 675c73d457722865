"""End a batch program when its parent processes have ended.

Airflow ends a task by killing what it started: spark-submit, whose JVM started this Python. A Python driver
does not notice until it next calls its JVM, which after a killed worker process nothing ends at all.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import psutil

from jobs.harness.settings import UNDER_SPARK_SUBMIT

CHECK_INTERVAL_S: Final = 1.0
EXIT_STATUS: Final = 143
"""As after SIGTERM."""

log = logging.getLogger(__name__)


def watch_parents(env: Mapping[str, str]) -> None:
    """End this program as soon as its JVM, or the JVM's parent, is gone; only under spark-submit.

    A program that a person started from a shell may outlive the shell.
    """
    if UNDER_SPARK_SUBMIT not in env:
        return
    gone = parent_check()
    threading.Thread(target=_watch, args=(gone,), name="parent-watch", daemon=True).start()


def parent_check() -> Callable[[], bool]:
    """Return a function that tells whether this process, or its parent, has lost its present parent."""
    parent = psutil.Process(os.getppid())
    grandparent = parent.ppid()

    def gone() -> bool:
        try:
            return bool(os.getppid() != parent.pid or parent.ppid() != grandparent)
        except psutil.NoSuchProcess:
            return True

    return gone


def _watch(gone: Callable[[], bool]) -> None:
    while not gone():
        time.sleep(CHECK_INTERVAL_S)
    log.error("what started this program is gone; ending")
    end_at_once()


def end_at_once() -> None:
    """Kill the children of this process and exit at once, whatever its other threads do."""
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    os._exit(EXIT_STATUS)
