"""Run a batch program: low priority, end with its parents, expected errors in one sentence."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from pyspark.sql import SparkSession

from jobs.detector.model_manifest import ModelFilesError
from jobs.harness.parent_watch import watch_parents
from jobs.harness.settings import BatchSettings
from lake.config.settings import SettingError
from lake.contracts.hours import HourError
from lake.kafka.broker import TopicMissingError
from lake.kafka.client import BrokerAwayError
from lake.spark.catalog import LakeEmptyError
from lake.spark.session import SparkUnavailableError, open_session

LOWEST_PRIORITY: Final = 19
AUTOGROUP: Final = Path("/proc/self/autogroup")
EXPECTED_ERRORS: Final = (
    BrokerAwayError,
    HourError,
    LakeEmptyError,
    ModelFilesError,
    SettingError,
    SparkUnavailableError,
    TopicMissingError,
)
"""Errors that are logged in one sentence; any other is a bug, and shown with its traceback."""

log = logging.getLogger("batch")


def run_job(
    env: Mapping[str, str], job: Callable[[], int], expected: tuple[type[Exception], ...] = ()
) -> int:
    """Run a batch program; return its exit status, 1 after an expected error.

    Args:
        env: the process environment.
        job: the program after its arguments are read; called at low priority.
        expected: the program's own errors whose message is sufficient.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)sZ %(levelname)s %(message)s", stream=sys.stdout
    )
    logging.Formatter.converter = time.gmtime
    logging.getLogger("kafka").setLevel(logging.ERROR)
    lower_priority()
    watch_parents(env)
    reported: tuple[type[Exception], ...] = (*EXPECTED_ERRORS, *expected)
    try:
        return job()
    except reported as error:
        log.error("%s", error)
        return 1


def lower_priority() -> None:
    """Lower this process, and all that it starts later, to the lowest priority.

    Linux weighs sessions against each other first (autogroup) and priorities only within one. The programs
    that `up` started, Airflow's tasks among them, share a session; a program that leads its own lowers that.
    """
    os.nice(LOWEST_PRIORITY)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # other systems have no such file
            AUTOGROUP.write_text(str(LOWEST_PRIORITY), encoding="ascii")


def open_batch_session(env: Mapping[str, str], name: str, settings: BatchSettings) -> SparkSession:
    """Start Spark for a batch program, or join the JVM that spark-submit started."""
    return open_session(env, name, settings.master, settings.spark_conf())
