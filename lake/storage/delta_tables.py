"""Opening of Delta tables without a JVM, wherever the lake is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lake.config.lake_location import LakeLocation, ObjectFolder
from lake.schema.table import Table


def open_table(folder: LakeLocation, version: int | None = None) -> DeltaTable:
    """Open the table in a folder, at its newest or the given Delta version.

    Raises:
        TableNotFoundError: there is none.
        OSError: the store cannot be asked.
    """
    return DeltaTable(str(folder), version=version, storage_options=storage_options(folder))


def is_table(folder: LakeLocation) -> bool:
    """Return whether the folder holds a table."""
    return (folder / "_delta_log").exists()


def arrow_schema(table: DeltaTable) -> pa.Schema:
    """Return the columns as Arrow types; times are UTC microseconds."""
    return pa.schema(table.schema().to_arrow())


def with_all_columns(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows in the order and types of a schema; a column they lack is null.

    Raises:
        ValueError: they have a column that the schema lacks.
    """
    lacking = {field.name: pa.nulls(len(rows), field.type) for field in schema}
    present = dict(zip(rows.column_names, rows.columns, strict=True))
    return pa.table(lacking | present).cast(schema)


def append_rows(root: LakeLocation, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append a few rows in one commit, without Spark; columns that a row does not name are null.

    Raises:
        DeltaError: another commit got in the way; see `lake.storage.tables.retry_on_conflict`.
    """
    stored = open_table(root / table.name)
    write_deltalake(stored, pa.Table.from_pylist(list(rows), arrow_schema(stored)), mode="append")


def storage_options(folder: LakeLocation) -> dict[str, str] | None:
    """Return delta-rs options for the store; None for a local folder."""
    return folder.store.delta_options() if isinstance(folder, ObjectFolder) else None
