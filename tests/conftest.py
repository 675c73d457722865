"""What every layer of tests shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.settings import Settings


def at(clock: str, day: str = "2026-01-02") -> datetime:
    """A UTC moment of the tests' day, for example `at("11:00")` or `at("11:00:00.5")`."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)


QUICK_TO_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Of a JVM: a third less processor time for tests, whose code is never run often enough to be optimised."""


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings on the provisioned cache, with a data folder (with a space in it) of its own."""
    from lake.settings import Settings

    data = tmp_path_factory.mktemp("some data")
    home = Settings.from_env(os.environ).home
    return Settings(home=home, data=data, kafka="127.0.0.1:1", time_zone="Europe/Berlin")


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[SparkSession]:
    """One Spark session in this process for all tests that ask for it."""
    import sys

    from lake.session import open_session
    from lake.spark_conf import write_spark_conf
    from stack.java import find_java

    folder: Path = settings.run / "spark-conf"
    write_spark_conf(settings, folder)
    os.environ |= {
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "JAVA_HOME": str(find_java(settings.home)),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    conf = {"spark.driver.memory": "1g", "spark.driver.extraJavaOptions": QUICK_TO_START}
    session = open_session(os.environ, "tests", "local[2,2]", conf)
    yield session
    session.stop()
