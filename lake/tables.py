"""The Delta tables on disk: made once, read, appended to and replaced by path."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction, write_deltalake
from deltalake.exceptions import DeltaError
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from lake.schemas import TABLES
from lake.table import Table

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
ATTEMPTS = 4
"""The first and three more, for an action that another commit got in the way of."""
COMMITS_LOOKED_BACK = 50
CONFLICTS = (
    "Concurrent",
    "DELTA_CONCURRENT",
    "MetadataChangedException",
    "ProtocolChangedException",
    "a concurrent transaction",  # delta-rs, as the next
    "Metadata changed since last commit",
)

log = logging.getLogger(__name__)


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

    def create(self, _spark: SparkSession) -> None:
        """Make every table that is missing, with comments, partitions and checks.

        The session must be there, since it is Spark that reads the DDL.
        """
        for table in TABLES:
            if not self.exists(table):
                _create(table, self.path(table))
            _add_missing_columns(table, self.path(table))
            _add_missing_checks(table, self.path(table))

    def version(self, table: Table) -> int:
        """The table's newest Delta version."""
        return int(DeltaTable(self.path(table)).version())

    def read(self, spark: SparkSession, table: Table, version: int | None = None) -> DataFrame:
        """The table as it is now, or as it was at a Delta version."""
        reader = spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(table))

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

    def rows(self, table: Table, values: Sequence[Mapping[str, Any]]) -> pa.Table:
        """Values by column as rows of the table's types; a column left out is null."""
        return pa.Table.from_pylist(values, schema=pa.schema(DeltaTable(self.path(table)).schema()))

    def append_arrow(self, rows: pa.Table, table: Table, app_id: str, version: int) -> None:
        """The same for rows that are here already, without Spark.

        Spark's append of 20 rows costs its JVM 0.9 s of processor time once it is warm, delta-rs 0.03 s.

        Args:
            rows: columns of the table's contract, in any order.
            table: where to.
            app_id: as for `append`; both ways of appending see each other's versions.
            version: the micro-batch; must grow.
        """
        stored = DeltaTable(self.path(table))
        done = stored.transaction_version(app_id)
        if done is not None and done >= version:
            return
        schema = pa.schema(stored.schema())
        mark = CommitProperties(app_transactions=[Transaction(app_id, version)])
        whole = rows.select(schema.names).cast(schema)
        write_deltalake(stored, whole, mode="append", commit_properties=mark)

    def replace(self, rows: DataFrame, table: Table, where: str) -> int:
        """Replace exactly the rows that fulfil a condition; the Delta version that this made.

        Another commit may follow at once, so the newest version need not be this one.

        Args:
            rows: columns of the table's contract; each row must fulfil the condition.
            table: where to.
            where: SQL; names the day, and exactly the scope that was recomputed.
        """
        writer = rows.select(*table.columns).write.format("delta").mode("overwrite")
        mark = uuid.uuid4().hex
        writer.option("replaceWhere", where).option("userMetadata", mark).save(self.path(table))
        stored = DeltaTable(self.path(table))
        commits = stored.history(COMMITS_LOOKED_BACK)
        own = (int(commit["version"]) for commit in commits if commit.get("userMetadata") == mark)
        return next(own, int(stored.version()))


def append_rows(root: Path, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append a few rows in one commit, without Spark; columns that a row does not name are null.

    Raises:
        DeltaError: see `again_on_conflict`.
    """
    lake = Lake(root)
    write_deltalake(lake.path(table), lake.rows(table, rows), mode="append")


def again_on_conflict(action: Callable[[], None]) -> None:
    """Do an action; do it again, from its reading on, when another commit got in its way, at most 3 times."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return action()
        except (Py4JJavaError, PySparkException, DeltaError) as error:
            if attempt == ATTEMPTS or not _is_conflict(error):
                raise
            log.warning("another commit came first; attempt %d of %d follows", attempt + 1, ATTEMPTS)
            time.sleep(random.uniform(0.5, 1.5) * attempt)
    return None


def _is_conflict(error: Exception) -> bool:
    return any(sign in str(error) for sign in CONFLICTS)


def _create(table: Table, path: str) -> None:
    """Made without Spark, which takes seconds for each; only the DDL is read by Spark's own parser."""
    DeltaTable.create(
        path,
        _schema(table),
        mode="ignore",
        partition_by=list(table.partitioned_by),
        description=table.comment,
        configuration={**COMMON_PROPERTIES, **table.properties},
    )


def _schema(table: Table) -> Schema:
    return Schema.from_json(StructType.fromDDL(table.ddl).json())


def _add_missing_columns(table: Table, path: str) -> None:
    """A table of an older version has fewer; their rows so far say nothing there."""
    stored = DeltaTable(path)
    present = {field.name for field in stored.schema().fields}
    missing = [field for field in _schema(table).fields if field.name not in present]
    if missing:
        stored.alter.add_columns(missing)


def _add_missing_checks(table: Table, path: str) -> None:
    stored = DeltaTable(path)
    present = stored.metadata().configuration
    missing = {k: v for k, v in table.checks.items() if f"delta.constraints.{k}" not in present}
    if missing:
        stored.alter.add_constraint(missing)
