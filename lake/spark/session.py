"""Creation of the Spark session for all Spark programs."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from typing import Final

from pyspark.sql import SparkSession

STANDALONE: Final = "spark://"
RESPONSE_TIMEOUT_S: Final = 5.0


class SparkUnavailableError(RuntimeError):
    """Spark cannot start with these settings."""


def open_session(
    env: Mapping[str, str], name: str, master: str | None, conf: Mapping[str, str] | None = None
) -> SparkSession:
    """Start Spark in this process, with the configuration in `SPARK_CONF_DIR`.

    Args:
        env: the process environment, `os.environ` in production.
        name: shown in the Spark UI.
        master: Spark's master address, for example `local[2]`; None where spark-submit was told one.
        conf: what this program needs beside the shared configuration.

    Raises:
        SparkUnavailableError: an environment variable is missing that keeps Spark on this
            environment's Python, or on loopback; or nothing answers at a standalone master's address.
    """
    for variable in ("SPARK_CONF_DIR", "PYSPARK_PYTHON", "SPARK_LOCAL_IP"):
        if variable not in env:
            raise SparkUnavailableError(f"{variable} is not set: start this program through ./pycturestream")
    check_master(master or "")
    for noise in ("py4j", "SQLQueryContextLogger"):  # pages of what is raised as an exception anyway
        logging.getLogger(noise).setLevel(logging.CRITICAL + 1)
    builder = SparkSession.builder.appName(name)
    if master is not None:
        builder = builder.master(master)
    for key, value in (conf or {}).items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def check_master(master: str) -> None:
    """Refuse an unreachable standalone master; Spark would retry for a minute and log pages.

    Raises:
        SparkUnavailableError: none of its addresses, `spark://host:port,host:port`, is listened at.
    """
    if not master.startswith(STANDALONE):
        return
    addresses = master.removeprefix(STANDALONE).split(",")
    if not any(map(_is_open, addresses)):
        raise SparkUnavailableError(
            f"nothing answers at {master}: ./pycturestream up --spark-workers 2 starts a cluster here; or"
            " name one that runs as PYCTURESTREAM_SPARK_MASTER (stream) and PYCTURESTREAM_BATCH_MASTER"
        )


def _is_open(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=RESPONSE_TIMEOUT_S):
            return True
    except (OSError, ValueError):
        return False
