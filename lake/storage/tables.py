"""The Delta tables: created once, read, appended to and replaced by path."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Schema,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import DeltaError
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from lake.config.lake_location import LakeLocation, ObjectFolder
from lake.schema.schemas import TABLES
from lake.schema.table import Table
from lake.storage.commit_check import check_store
from lake.storage.delta_tables import arrow_schema, is_table, open_table, storage_options
from lake.storage.kept_writers import KeptWriters

CHECKPOINT_EVERY = 50
"""Commits."""
COMMON_PROPERTIES = {
    # Every commit leaves files that each reader must list; a day of them is enough to look back.
    "delta.logRetentionDuration": "interval 1 day",
    "delta.deletedFileRetentionDuration": "interval 1 day",
    # Readers without a JVM (delta-rs) refuse tables that have these.
    "delta.enableDeletionVectors": "false",
    "delta.checkpointPolicy": "classic",
    # A checkpoint is several Spark jobs; at one commit every 2 s the default of 10 would make three a minute.
    "delta.checkpointInterval": str(CHECKPOINT_EVERY),
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

PICTURES: Final = "value"
"""The column whose values are large, and compressed already."""

log = logging.getLogger(__name__)


class Lake:
    """The tables under one root folder."""

    def __init__(self, root: LakeLocation) -> None:
        self.root = root
        self._kept = KeptWriters(root)

    def __reduce__(self) -> tuple[type[Lake], tuple[LakeLocation]]:
        """Pickle for a worker, without the open tables."""
        return Lake, (self.root,)

    def folder(self, table: Table) -> LakeLocation:
        """Return the folder of the table."""
        return self.root / table.name

    def path(self, table: Table) -> str:
        """Return the folder for Spark: a path, or a URL of object storage."""
        return str(self.folder(table))

    def exists(self, table: Table) -> bool:
        """Return whether the table exists."""
        return is_table(self.folder(table))

    def create(self, spark: SparkSession) -> None:
        """Create every missing table, with comments, partitions and checks; Spark parses their DDL.

        Raises:
            UnsafeStoreError: the lake is in a bucket of a store that loses commits.
        """
        if isinstance(self.root, ObjectFolder):
            check_store(spark, self.root)
        for table in TABLES:
            if not self.exists(table):
                _create(table, self.folder(table))
            _add_missing_columns(table, open_table(self.folder(table)))
            _add_missing_checks(table, open_table(self.folder(table)))

    def version(self, table: Table) -> int:
        """Return the table's newest Delta version."""
        return int(open_table(self.folder(table)).version())

    def read(self, spark: SparkSession, table: Table, version: int | None = None) -> DataFrame:
        """Read the table at its newest or the given Delta version."""
        reader = spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(table))

    def rows(self, table: Table, values: Sequence[Mapping[str, Any]]) -> pa.Table:
        """Return values by column as rows of the table's types; a column left out is null."""
        return pa.Table.from_pylist(values, schema=self.arrow_schema(table))

    def arrow_schema(self, table: Table) -> pa.Schema:
        """Return the table's columns as Arrow types, times in UTC microseconds."""
        with self._kept.to_append(table.name) as stored:
            return arrow_schema(stored)

    def append_arrow(
        self, rows: pa.Table | pa.RecordBatchReader, table: Table, app_id: str, version: int
    ) -> None:
        """Append rows once: a repeat with the same `app_id` and a `version` not above the last is ignored.

        Spark's own append of 20 rows costs its JVM 0.9 s of processor time once it is warm, delta-rs 0.03 s.

        Args:
            rows: columns of the table's contract, in any order; a reader's, which need not be in memory at
                once, in the table's order and types.
            table: where to.
            app_id: names the writer and its checkpoint; a new checkpoint needs a new name. One program at
                a time appends under it.
            version: the micro-batch; must grow.
        """
        with self._kept.to_append(table.name) as stored:
            done = stored.transaction_version(app_id)
            if done is None or done < version:
                _append(stored, rows, table, Transaction(app_id, version))

    def replace(self, rows: DataFrame, table: Table, where: str) -> int:
        """Replace exactly the rows that meet a condition; return the Delta version of the commit.

        Another commit may follow at once, so the newest version need not be this one.

        Args:
            rows: columns of the table's contract; each row must fulfil the condition.
            table: where to.
            where: SQL; names the day, and exactly the scope that was recomputed.
        """
        writer = rows.select(*table.columns).write.format("delta").mode("overwrite")
        mark = uuid.uuid4().hex
        writer.option("replaceWhere", where).option("userMetadata", mark).save(self.path(table))
        stored = open_table(self.folder(table))
        commits = stored.history(COMMITS_LOOKED_BACK)
        own = (int(commit["version"]) for commit in commits if commit.get("userMetadata") == mark)
        return next(own, int(stored.version()))


def _append(
    stored: DeltaTable, rows: pa.Table | pa.RecordBatchReader, table: Table, mark: Transaction
) -> None:
    schema = arrow_schema(stored)
    write_deltalake(
        stored,
        rows.select(schema.names).cast(schema) if isinstance(rows, pa.Table) else rows,
        mode="append",
        commit_properties=CommitProperties(app_transactions=[mark]),
        writer_properties=_writing(table),
        post_commithook_properties=_hooks(stored.version() + 1),
    )


def _hooks(version: int) -> PostCommitHookProperties:
    # At every commit delta-rs would ask the age of each file of the log, three times; a day leaves 44,000.
    return PostCommitHookProperties(cleanup_expired_logs=version % CHECKPOINT_EVERY == 0)


def _writing(table: Table) -> WriterProperties | None:
    if PICTURES not in table.columns:
        return None
    # A dictionary of pictures finds nothing twice; a row group is in memory until it is written.
    bytes_alone = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
    return WriterProperties(
        compression="SNAPPY", max_row_group_size=256, column_properties={PICTURES: bytes_alone}
    )


def retry_on_conflict(action: Callable[[], None]) -> None:
    """Run an action, and rerun it when another commit conflicts, at most 3 times."""
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


def _create(table: Table, folder: LakeLocation) -> None:
    """Create a table without Spark, which takes seconds for each; Spark only parses the DDL."""
    DeltaTable.create(
        str(folder),
        _schema(table),
        mode="ignore",
        partition_by=list(table.partitioned_by),
        description=table.comment,
        configuration={**COMMON_PROPERTIES, **table.properties},
        storage_options=storage_options(folder),
    )


def _schema(table: Table) -> Schema:
    return Schema.from_json(StructType.fromDDL(table.ddl).json())


def _add_missing_columns(table: Table, stored: DeltaTable) -> None:
    """Add columns that a table of an older version lacks; old rows have null there."""
    present = {field.name for field in stored.schema().fields}
    missing = [field for field in _schema(table).fields if field.name not in present]
    if missing:
        stored.alter.add_columns(missing)


def _add_missing_checks(table: Table, stored: DeltaTable) -> None:
    present = stored.metadata().configuration
    missing = {k: v for k, v in table.checks.items() if f"delta.constraints.{k}" not in present}
    if missing:
        stored.alter.add_constraint(missing)
