"""Spark's configuration where jobs run on this machine, and where a master elsewhere runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.config.settings import SettingError, Settings
from lake.spark.conf import cluster_conf, spark_conf, uses_cluster, write_spark_conf


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "my cache", data=tmp_path / "data")
    made.spark_jars.mkdir(parents=True)
    for name in ("kafka.jar", "delta.jar"):
        (made.spark_jars / name).touch()
    return made


def further(tmp_path: Path, text: str) -> dict[str, str]:
    file = tmp_path / "more.conf"
    file.write_text(text)
    return {"PYCTURESTREAM_SPARK_DEFAULTS": str(file)}


@pytest.mark.parametrize(
    ("env", "far"),
    [
        ({}, False),
        ({"SPARK_MASTER": "local[4,2]", "BATCH_MASTER": "local"}, False),
        ({"SPARK_MASTER": "spark://a:7077"}, True),
        ({"BATCH_MASTER": "yarn"}, True),
    ],
)
def test_a_cluster_is_used_when_one_of_the_masters_is_none_of_this_process(
    env: dict[str, str], far: bool
) -> None:
    assert uses_cluster({f"PYCTURESTREAM_{name}": value for name, value in env.items()}) is far


def test_jars_are_brought_to_executors_and_none_is_looked_for_there(settings: Settings) -> None:
    said = {**spark_conf(settings), **cluster_conf(settings, {})}
    folder = settings.home.as_uri() + "/jars/spark"
    assert said["spark.jars"] == f"{folder}/delta.jar,{folder}/kafka.jar"
    assert {
        key: one
        for key, one in said.items()
        if key.startswith("spark.executor") and str(settings.home) in one
    } == {}


def test_a_batch_job_takes_its_share_and_an_attempt_more_than_one(settings: Settings) -> None:
    said = cluster_conf(settings, {"PYCTURESTREAM_BATCH_CORES": "6", "PYCTURESTREAM_EXECUTOR_MEMORY": "3g"})
    names = ("spark.cores.max", "spark.executor.cores", "spark.executor.memory", "spark.task.maxFailures")
    assert [said[name] for name in names] == ["6", "1", "3g", "2"]


def test_lines_of_the_owner_go_before_ours_and_nobody_else_may_read_them(
    settings: Settings, tmp_path: Path
) -> None:
    text = (
        "# own\n\nspark.driver.host   10.0.0.7\nspark.executor.memory 8g\nspark.authenticate.secret a b\\c\n"
    )
    folder = tmp_path / "conf"
    write_spark_conf(settings, folder, cluster_conf(settings, further(tmp_path, text)))
    file = folder / "spark-defaults.conf"
    lines = file.read_text().splitlines()
    keys = ("spark.driver.host", "spark.executor.memory", "spark.authenticate.secret")
    assert [line for line in lines if line.split()[0] in keys] == [
        "spark.driver.host 10.0.0.7",
        "spark.executor.memory 8g",
        "spark.authenticate.secret a b\\\\c",
    ]
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("line", ["spark.driver.host", "driver.host 10.0.0.7"])
def test_a_line_that_spark_would_pass_over_is_refused(settings: Settings, tmp_path: Path, line: str) -> None:
    with pytest.raises(
        SettingError, match=rf"SPARK_DEFAULTS='.*more.conf': '{line.split()[0]}' is no setting"
    ):
        cluster_conf(settings, further(tmp_path, line))


def test_a_file_that_is_not_there_is_named(settings: Settings) -> None:
    with pytest.raises(SettingError, match="PYCTURESTREAM_SPARK_DEFAULTS='/no/such' cannot be read"):
        cluster_conf(settings, {"PYCTURESTREAM_SPARK_DEFAULTS": "/no/such"})
