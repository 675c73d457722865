"""What every layer of tests shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.support.running.programs import QUICK_TO_START

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.config.settings import Settings


def at(clock: str, day: str = "2026-01-02") -> datetime:
    """A UTC moment of the tests' day, for example `at("11:00")` or `at("11:00:00.5")`."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)


INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
"""Of Spark: another third less, since a plan that sees a few rows is not worth compiling Java code for.

The streams of end_to_end and the batch programs that Airflow starts run as the product does; with COMPILED in
the environment (`make soak`) the session of the tests does so too.
"""


LONGEST = (
    "end_to_end/test_batch_layer.py",
    "faults/",
    "end_to_end/",
    "jobs/test_hour_properties.py",
    "dashboards/",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files go first, so that none of them is left to one core when the other has nothing."""

    def place(item: pytest.Item) -> int:
        return next(
            (turn for turn, name in enumerate(LONGEST) if f"tests/{name}" in item.nodeid), len(LONGEST)
        )

    items.sort(key=place)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings on the provisioned cache, with a data folder (with a space in it) of its own."""
    from lake.config.settings import Settings

    data = tmp_path_factory.mktemp("some data")
    home = Settings.from_env(os.environ).home
    return Settings(home=home, data=data, kafka="127.0.0.1:1", time_zone="Europe/Berlin")


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[SparkSession]:
    """One Spark session in this process for all tests that ask for it."""
    import sys

    from lake.spark.conf import write_spark_conf
    from lake.spark.session import open_session
    from stack.provision.java import find_java

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
    conf |= {} if "COMPILED" in os.environ else INTERPRETED
    session = open_session(os.environ, "tests", "local[2,2]", conf)
    yield session
    session.stop()
