"""The supervised programs: their commands and environments."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lake.config.settings import LOOPBACK, PREFIX, path, text
from lake.spark.conf import cluster_conf, uses_cluster, write_spark_conf
from stack.airflow.components import COMPONENTS
from stack.programs.spark_daemons import daemon_conf
from stack.provision.java import find_java
from stack.site.installation import PORTS, Installation
from stack.site.kafka_cluster import name_node
from stack.site.spark_cluster import SPARK_MASTER, SPARK_WORKERS

KAFKA, STREAM, DASHBOARD, CAPTURE = "kafka", "stream", "dashboard", "capture"
KAFKAS: Final = (KAFKA, name_node(2), name_node(3))
SPARKS: Final = (SPARK_MASTER, *SPARK_WORKERS)
NAMES: Final = (*KAFKAS, *SPARKS, STREAM, *COMPONENTS, DASHBOARD, CAPTURE)
"""All possible programs, in the order in which they start; they stop in reverse."""


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised program.

    Attributes:
        name: short and fixed; names the log too.
        command: program and arguments.
        settle_s: seconds it must live to count as started; before that a restart backs off.
    """

    name: str
    command: tuple[str, ...]
    settle_s: int


def names(installation: Installation) -> list[str]:
    """Return the programs of this installation, in the order in which they start."""
    present = {*(broker.name for broker in installation.brokers), *installation.cluster.names}
    return [name for name in NAMES if name in present or name not in (*KAFKAS, *SPARKS)]


def spark_programs(installation: Installation, python: str = sys.executable) -> list[Program]:
    """Return master and workers of our own Spark cluster, if any."""
    sparks = installation.cluster.names
    return [Program(name, (python, "-m", "stack.programs.run_spark", name), settle_s=5) for name in sparks]


def python_programs(python: str = sys.executable) -> list[Program]:
    """Return the programs of this project."""
    return [
        Program(STREAM, (python, "-m", "jobs.stream.run_stream"), settle_s=10),
        *(
            Program(name, (python, "-m", "stack.programs.run_airflow", name), settle_s=10)
            for name in COMPONENTS
        ),
        Program(DASHBOARD, (python, "-m", "dashboards"), settle_s=5),
        Program(CAPTURE, (python, "-m", "capture", "agent"), settle_s=3),
    ]


def child_environment(installation: Installation) -> dict[str, str]:
    """Return the environment of every program: the merged one, with all paths and ports set."""
    ports = (
        installation.kafka_port,
        installation.controller_port,
        installation.ui_port,
        installation.airflow_port,
        installation.airflow_logs_port,
        installation.dashboard_port,
    )
    return {
        **installation.cluster.to_env(),
        **installation.env,
        **installation.settings.to_env(),
        **{PREFIX + name: str(port) for name, port in zip(PORTS, ports, strict=True)},
        "PYTHONPATH": str(installation.root),
        "PYTHONUNBUFFERED": "1",
        # Of the executors too: on other machines it may lie elsewhere.
        "PYSPARK_PYTHON": text(installation.env, "EXECUTOR_PYTHON", sys.executable),
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        # Else Spark's own scripts look for it, and fail if a folder's name holds a space.
        "SPARK_HOME": str(Path(sysconfig.get_path("purelib")) / "pyspark"),
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_CONF_DIR": str(spark_conf_folder(installation)),
    }


def spark_environment(installation: Installation) -> dict[str, str]:
    """Return the environment of programs that may start Spark, and write Spark's configuration.

    Raises:
        JavaNotFoundError: there is no suitable Java.
    """
    settings = installation.settings
    java_home = find_java(settings.home, installation.env)
    env = child_environment(installation)
    overrides = {**daemon_conf(installation), **cluster_conf(settings, env)} if uses_cluster(env) else {}
    write_spark_conf(settings, spark_conf_folder(installation), overrides)
    return env | {"JAVA_HOME": str(java_home)}


def spark_conf_folder(installation: Installation) -> Path:
    """Return the folder of Spark's configuration, rewritten at each start; another if a cluster is used.

    A command without a cluster must not change the configuration of a running one.
    """
    env = {**installation.cluster.to_env(), **installation.env}
    folder = "spark-cluster-conf" if uses_cluster(env) else "spark-conf"
    return path(installation.env, "SPARK_CONF", installation.settings.run / folder)
