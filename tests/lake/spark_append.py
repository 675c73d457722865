"""Rows appended by Spark, as its own sink of Delta does it."""

from __future__ import annotations

from pyspark.sql import DataFrame

from lake.schema.table import Table
from lake.storage.tables import Lake


def append_by_spark(lake: Lake, rows: DataFrame, table: Table, app_id: str, version: int) -> None:
    """Once, as `Lake.append_arrow` does it."""
    writer = rows.select(*table.columns).write.format("delta").mode("append")
    writer.option("txnAppId", app_id).option("txnVersion", version).save(lake.path(table))
