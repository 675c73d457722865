"""The Delta tables on disk: made once, read and appended to by path."""

from __future__ import annotations

from pathlib import Path

from delta.tables import DeltaTable
from deltalake import DeltaTable as ReadableTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from lake.schemas import TABLES, Table

COMMON_PROPERTIES = {
    # Every commit leaves files that each reader must list; a day of them is enough to look back.
    "delta.logRetentionDuration": "interval 1 day",
    "delta.deletedFileRetentionDuration": "interval 1 day",
    # Readers without a JVM (delta-rs) refuse tables that have these.
    "delta.enableDeletionVectors": "false",
    "delta.checkpointPolicy": "classic",
    # A checkpoint is several Spark jobs; at one commit every 2 s the default of 10 would make three a minute.
    "delta.checkpointInterval": "50",
}


class Lake:
    """The tables under one root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, table: Table) -> str:
        """Folder of the table."""
        return str(self.root / table.name)

    def exists(self, table: Table) -> bool:
        """Whether the table has been made."""
        return (self.root / table.name / "_delta_log").is_dir()

    def create(self, spark: SparkSession) -> None:
        """Make every table that is missing, with comments, partitions and checks."""
        for table in TABLES:
            if not self.exists(table):
                _create(spark, table, self.path(table))
            _add_missing_checks(spark, table, self.path(table))

    def read(self, spark: SparkSession, table: Table) -> DataFrame:
        """The table as it is now."""
        return spark.read.format("delta").load(self.path(table))

    def append(self, rows: DataFrame, table: Table, app_id: str, version: int) -> None:
        """Append rows once: a repeat with the same `app_id` and a `version` not above the last is ignored.

        Args:
            rows: columns of the table's contract, in any order.
            table: where to.
            app_id: names the writer and its checkpoint; a new checkpoint needs a new name.
            version: the micro-batch; must grow.
        """
        writer = rows.select(*table.columns).write.format("delta").mode("append")
        writer.option("txnAppId", app_id).option("txnVersion", version).save(self.path(table))


def _create(spark: SparkSession, table: Table, path: str) -> None:
    builder = DeltaTable.createIfNotExists(spark).location(path).comment(table.comment)
    builder = builder.addColumns(StructType.fromDDL(table.ddl)).partitionedBy(*table.partitioned_by)
    for name, value in {**COMMON_PROPERTIES, **table.properties}.items():
        builder = builder.property(name, value)
    builder.execute()


def _add_missing_checks(spark: SparkSession, table: Table, path: str) -> None:
    """Compare with the log itself: to ask Spark costs seconds at every start."""
    present = ReadableTable(path).metadata().configuration
    for name, condition in table.checks.items():
        if f"delta.constraints.{name}" not in present:
            spark.sql(f"ALTER TABLE delta.`{path}` ADD CONSTRAINT {name} CHECK ({condition})")
