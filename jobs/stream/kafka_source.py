"""Read from Kafka and write to it with Spark."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Final

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.stream.offset_ranges import OffsetRange
from lake.config.kafka_address import Address, spark_options
from lake.contracts.wire_format import MAX_MESSAGE_BYTES

FRAMES_PER_BATCH = 2000
"""One cap for all loads: idle batches are small and loaded ones large by themselves."""
RECORDS_PER_ARCHIVE = 20_000
"""An archive waits for its trigger also when it left records unread: what comes in between must fit into one
batch. With 2,000 in 15 s 400 cameras with a picture every 3 s fell behind for ever."""

SHORT_WAIT: Final = {"kafka.fetch.max.wait.ms": "5"}
"""How long the broker holds a fetch for records that have not come yet.

Spark's reader requests the partition's ends after each fetch, on the connection on which the client has
already requested the next records; the broker answers in turn. With the default of 500 ms a task of one
record took 155 ms instead of 70. Ranges are read only once they exist, so that nothing polls repeatedly.
"""
REQUEST_TIMEOUTS: Final = {
    "kafka.request.timeout.ms": "10000",
    "kafka.default.api.timeout.ms": "10000",
    "fetchOffset.numRetries": "18",
}
"""The driver asks for the newest offsets 18 times for 10 s, not 3 times for 60.

Kafka's client goes on asking the leader that died: the stream stood for 63 s although another had taken over.
"""


def read_stream(
    spark: SparkSession, bootstrap: Address, *topics: str, at_once: int = FRAMES_PER_BATCH
) -> DataFrame:
    """Stream the topics' records from the earliest offset on, with headers, at most `at_once` per batch.

    `failOnDataLoss` is off because a gap must not stop the stream for ever;
    `jobs.stream.lost_offsets` records each one.
    """
    reader = spark.readStream.format("kafka").option("subscribe", ",".join(topics))
    options: dict[str, str] = {
        **spark_options(bootstrap),
        **REQUEST_TIMEOUTS,
        **SHORT_WAIT,
        "startingOffsets": "earliest",
        "failOnDataLoss": "false",
        "includeHeaders": "true",
        "maxOffsetsPerTrigger": str(at_once),
    }
    return reader.options(**options).load()


def read_ranges(spark: SparkSession, bootstrap: Address, ranges: Sequence[OffsetRange]) -> DataFrame:
    """Read the records of these ranges that still exist, headers included."""

    def offsets(end: str) -> str:
        by_topic: dict[str, dict[str, int]] = {item.topic: {} for item in ranges}
        for item in ranges:
            by_topic[item.topic][str(item.partition)] = getattr(item, end)
        return json.dumps(by_topic)

    topics = ",".join(sorted({item.topic for item in ranges}))
    options: dict[str, str] = {
        **spark_options(bootstrap),
        "subscribe": topics,
        "startingOffsets": offsets("start"),
        "endingOffsets": offsets("end"),
        "failOnDataLoss": "false",
        "includeHeaders": "true",
    }
    return spark.read.format("kafka").options(**options).load()


def write_messages(messages: DataFrame, bootstrap: Address) -> None:
    """Write rows of (topic, key, value) to Kafka."""
    options = {**spark_options(bootstrap), "kafka.max.request.size": str(MAX_MESSAGE_BYTES)}
    messages.write.format("kafka").options(**options).save()


def in_ranges(offsets: Mapping[tuple[str, int], Iterable[int]]) -> Column:
    """Return a condition for the records with these offsets, keyed (topic, partition)."""
    conditions = [
        (F.col("topic") == topic) & (F.col("partition") == partition) & F.col("offset").isin(list(numbers))
        for (topic, partition), numbers in offsets.items()
    ]
    return reduce(Column.__or__, conditions, F.lit(False))
