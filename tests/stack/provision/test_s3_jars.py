from __future__ import annotations

import sysconfig
from pathlib import Path

from lake.config.settings import Settings
from stack.provision.artifacts import load_s3_jars
from stack.provision.s3_jars import provide_s3


def test_a_lake_on_a_disk_needs_no_jar_for_object_storage(tmp_path: Path) -> None:
    said: list[str] = []
    provide_s3(Settings(home=tmp_path, data=tmp_path), said.append)
    assert (said, list(tmp_path.iterdir())) == ([], [])


def test_the_connector_is_of_the_hadoop_that_pyspark_brings() -> None:
    (client,) = Path(sysconfig.get_path("purelib")).glob("pyspark/jars/hadoop-client-api-*.jar")
    (connector,) = (jar for jar in load_s3_jars() if jar.source.startswith("org.apache.hadoop:hadoop-aws:"))
    assert connector.source.rpartition(":")[2] == client.stem.removeprefix("hadoop-client-api-")


def test_no_class_of_pyspark_is_brought_a_second_time() -> None:
    names = {jar.name.rpartition("-")[0] for jar in load_s3_jars()}
    present = Path(sysconfig.get_path("purelib")).glob("pyspark/jars/*.jar")
    assert names & {jar.name.rpartition("-")[0] for jar in present} == set()
