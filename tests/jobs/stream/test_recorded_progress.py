"""A real query, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSource, SimpleDataSourceStreamReader

from benchmarks.support.tables.arrow_tables import write
from jobs.stream.progress import recorded_progress
from lake.schema.schemas import STREAM_PROGRESS
from lake.storage.reader import read_rows

pytestmark = pytest.mark.spark

LAST, AT_ONCE = 6, 2
Offsets = dict[str, dict[str, int]]


class Counting(DataSource):
    """Numbers, some at a time, with offsets as Kafka's."""

    @classmethod
    def name(cls) -> str:
        return "counting"

    def schema(self) -> str:
        return "number INT"

    def simpleStreamReader(self, schema: Any) -> SimpleDataSourceStreamReader:
        return CountingReader()


class CountingReader(SimpleDataSourceStreamReader):
    def initialOffset(self) -> Offsets:
        return {"numbers": {"0": 0}}

    def read(self, start: Offsets) -> tuple[Iterator[tuple[int]], Offsets]:
        end = {"numbers": {"0": min(LAST, start["numbers"]["0"] + AT_ONCE)}}
        return self.readBetweenOffsets(start, end), end

    def readBetweenOffsets(self, start: Offsets, end: Offsets) -> Iterator[tuple[int]]:
        return iter([(number,) for number in range(start["numbers"]["0"], end["numbers"]["0"])])


def test_every_micro_batch_of_a_query_is_in_the_table_at_its_end(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path, STREAM_PROGRESS, [])
    spark.dataSource.register(Counting)
    looked_at: list[int] = []

    def look_twice(rows: DataFrame, _number: int) -> None:
        looked_at.append(rows.count() + rows.count())

    with recorded_progress(spark, tmp_path, "run"):
        writer = spark.readStream.format("counting").load().writeStream.foreachBatch(look_twice)
        query = writer.queryName("count").option("checkpointLocation", str(tmp_path / "checkpoint")).start()
        try:
            query.processAllAvailable()
        finally:
            query.stop()
    assert looked_at == [4, 4, 4]
    sql = "SELECT *, trigger_ms >= add_batch_ms + logs_ms AS fits FROM stream_progress ORDER BY batch_id"
    found = [(row["query"], row["run_id"], row["batch_id"], row["rows"], row["fits"])
             for row in read_rows(tmp_path, sql, STREAM_PROGRESS)]  # fmt: skip
    assert found == [("count", "run", number, 2, True) for number in range(3)]
