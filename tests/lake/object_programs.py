"""Programs on a lake in a bucket, each in a JVM of its own: `python -m tests.lake.object_programs NAME`.

Each says a word when it is ready, waits for a line, and then commits beside the others.
"""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.request import urlopen

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from benchmarks.support.tables.hour_rows import fill, frame, outcome, record, thing
from jobs.hours import count_objects
from jobs.hours.publish_hours import publish
from lake.config.lake_location import ObjectFolder
from lake.config.settings import Settings
from lake.contracts.hours import Scope
from lake.schema.schemas import EXPIRED_RANGES
from lake.spark.session import open_session
from lake.storage.commit_check import UnsafeStoreError, check_store
from lake.storage.tables import Lake
from tests.conftest import INTERPRETED, at
from tests.lake.spark_append import append_by_spark

COMMITS = 6
CONF = {
    **INTERPRETED,
    "spark.ui.enabled": "true",
    "spark.ui.port": "0",
    "spark.port.maxRetries": "50",
}


def main(name: str) -> None:
    spark = open_session(os.environ, name, "local[2,2]", CONF)
    lake = Lake(Settings.from_env(os.environ).lake)
    if name == "make":
        make(spark, lake)
    say("ready")
    sys.stdin.readline()
    for number in range(COMMITS):
        append_by_spark(lake, row(spark, name, number), EXPIRED_RANGES, f"race-{name}", number)
    spark.stop()


def make(spark: SparkSession, lake: Lake) -> None:
    """Eleven o'clock: `door` saw a cat and a dog whose score is below 0.35 as 32-bit number, `gate` a cat."""
    lake.create(spark)
    door, gate = record(0, at("11:01:30")), record(1, at("11:02"), "gate")
    seen = [
        outcome(door, "detected", thing("cat", 0.6), thing("dog", 0.35)),
        outcome(gate, "detected", thing()),
    ]
    fill(lake.root, [frame(door), frame(gate)], seen)
    candidate = count_objects.run(spark, lake, Scope((at("11:00"),)), "count-1", at("14:00"))
    publish(spark, lake, candidate, [(at("11:00"), "door")], "quality-1", at("14:00"))
    say(f"probe: {_probed(spark, lake.root)}")
    say(f"environment: {_shown(spark)}")


def _probed(spark: SparkSession, root: Any) -> str:
    try:
        check_store(spark, ObjectFolder("s3a://forgetful/lake", root.store))
    except UnsafeStoreError as error:
        return str(error)
    return "safe"


def _shown(spark: SparkSession) -> str:
    """What the Spark UI shows of the configuration."""
    context = spark.sparkContext
    with urlopen(f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/environment") as page:
        return " ".join(page.read().decode().split())


def row(spark: SparkSession, name: str, number: int) -> DataFrame:
    """A row of `expired_ranges` that tells who wrote it."""
    told = (
        f"'{name}' AS query",
        "'race' AS topic",
        "id AS from_offset",
        "id AS to_offset",
        "'expired' AS cause",
    )
    return spark.range(number, number + 1).selectExpr(*told).to(StructType.fromDDL(EXPIRED_RANGES.ddl))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
