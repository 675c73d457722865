"""The Spark session that every Spark program opens."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from pyspark.sql import SparkSession


class SparkUnavailableError(RuntimeError):
    """Spark cannot start as things are set."""


def open_session(
    env: Mapping[str, str], name: str, master: str | None, conf: Mapping[str, str] | None = None
) -> SparkSession:
    """Start Spark in this process, on the configuration that `SPARK_CONF_DIR` names.

    Args:
        env: the process environment, `os.environ` in production.
        name: shown in the Spark UI.
        master: Spark's master address, for example `local[2]`; None where spark-submit was told one.
        conf: what this program needs beside the shared configuration.

    Raises:
        SparkUnavailableError: an environment variable is missing that keeps Spark on this
            environment's Python, or on loopback.
    """
    for variable in ("SPARK_CONF_DIR", "PYSPARK_PYTHON", "SPARK_LOCAL_IP"):
        if variable not in env:
            raise SparkUnavailableError(f"{variable} is not set: start this program through ./pycturestream")
    for noise in ("py4j", "SQLQueryContextLogger"):  # pages of what is raised as an exception anyway
        logging.getLogger(noise).setLevel(logging.CRITICAL + 1)
    builder = SparkSession.builder.appName(name)
    if master is not None:
        builder = builder.master(master)
    for key, value in (conf or {}).items():
        builder = builder.config(key, value)
    return builder.getOrCreate()
