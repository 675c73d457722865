"""The supervised programs: what runs, and in which environment."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lake.settings import PREFIX
from lake.spark_conf import write_spark_conf
from stack.airflow import COMPONENTS
from stack.installation import LOOPBACK, PORTS, Installation
from stack.java import find_java

KAFKA, STREAM, DASHBOARD, CAPTURE = "kafka", "stream", "dashboard", "capture"
NAMES: Final = (KAFKA, STREAM, *COMPONENTS, DASHBOARD, CAPTURE)
"""In the order in which they start; they stop in the opposite one."""
MARK: Final = PREFIX + "SUPERVISED_BY"
"""Environment variable that marks every process of a running system with its configuration's path."""


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


def python_programs(python: str = sys.executable) -> list[Program]:
    """The programs of this project, as processes."""
    return [
        Program(STREAM, (python, "-m", "jobs.run_stream"), settle_s=10),
        *(Program(name, (python, "-m", "stack.run_airflow", name), settle_s=10) for name in COMPONENTS),
        Program(DASHBOARD, (python, "-m", "dashboards"), settle_s=5),
        Program(CAPTURE, (python, "-m", "capture", "agent"), settle_s=3),
    ]


def child_environment(installation: Installation) -> dict[str, str]:
    """The environment of every program: the merged one, completed so that children find everything."""
    ports = (
        installation.kafka_port,
        installation.controller_port,
        installation.ui_port,
        installation.airflow_port,
        installation.airflow_logs_port,
        installation.dashboard_port,
    )
    return {
        **installation.env,
        **installation.settings.to_env(),
        **{PREFIX + name: str(port) for name, port in zip(PORTS, ports, strict=True)},
        "PYTHONPATH": str(installation.root),
        "PYTHONUNBUFFERED": "1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        # Else Spark's own scripts look for it, and lose their way where a folder's name holds a space.
        "SPARK_HOME": str(Path(sysconfig.get_path("purelib")) / "pyspark"),
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_CONF_DIR": str(spark_conf_folder(installation)),
    }


def spark_environment(installation: Installation) -> dict[str, str]:
    """The same for programs that may start Spark: with a Java, and Spark's configuration written.

    Raises:
        JavaNotFoundError: there is no fitting Java.
    """
    settings = installation.settings
    java_home = find_java(settings.home, installation.env)
    write_spark_conf(settings, spark_conf_folder(installation))
    return child_environment(installation) | {"JAVA_HOME": str(java_home)}


def spark_conf_folder(installation: Installation) -> Path:
    """Folder of Spark's configuration."""
    return installation.settings.run / "spark-conf"
