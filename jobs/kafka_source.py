"""How the streaming queries read from Kafka and write to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lake.contracts import MAX_MESSAGE_BYTES

FRAMES_PER_BATCH = 2000
"""One cap for all loads: idle batches are small and loaded ones large by themselves."""


def read_stream(spark: SparkSession, bootstrap: str, *topics: str) -> DataFrame:
    """Records of the topics from the earliest offset on, headers included.

    `failOnDataLoss` is off because a gap must not stop the stream for ever; `jobs.gaps` records each one.
    """
    reader = spark.readStream.format("kafka").option("subscribe", ",".join(topics))
    options: dict[str, str] = {
        "kafka.bootstrap.servers": bootstrap,
        "startingOffsets": "earliest",
        "failOnDataLoss": "false",
        "includeHeaders": "true",
        "maxOffsetsPerTrigger": str(FRAMES_PER_BATCH),
    }
    return reader.options(**options).load()


def write_messages(messages: DataFrame, bootstrap: str) -> None:
    """Write rows of (topic, key, value) to Kafka."""
    options = {"kafka.bootstrap.servers": bootstrap, "kafka.max.request.size": str(MAX_MESSAGE_BYTES)}
    messages.write.format("kafka").options(**options).save()


def among(offsets: Mapping[tuple[str, int], Iterable[int]]) -> Column:
    """True for the records with these offsets, keyed (topic, partition)."""
    conditions = [
        (F.col("topic") == topic) & (F.col("partition") == partition) & F.col("offset").isin(list(numbers))
        for (topic, partition), numbers in offsets.items()
    ]
    return reduce(Column.__or__, conditions, F.lit(False))
