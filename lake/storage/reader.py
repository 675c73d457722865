"""Reading of tables without a JVM: a small query takes 20 ms here and seconds in Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa
from deltalake import QueryBuilder

from lake.config.lake_location import LakeLocation
from lake.schema.table import Table
from lake.storage.delta_tables import open_table

MAX_ERROR_LENGTH: Final = 300


class LakeUnreadableError(OSError):
    """A table cannot be opened, or a query failed; the next attempt reopens it."""


@contextmanager
def lake_errors() -> Iterator[None]:
    """Translate all errors of the engine into one.

    Raises:
        LakeUnreadableError: it failed; the message begins as the engine's does.
    """
    try:
        yield
    except Exception as error:
        # The engine knows no narrower class for a file that is gone or broken.
        raise LakeUnreadableError(f"{error}"[:MAX_ERROR_LENGTH]) from error


def read_table(root: LakeLocation, sql: str, *tables: Table) -> pa.Table:
    """Query tables at their newest versions; times are UTC with their zone.

    Args:
        root: root folder of the tables.
        sql: in the dialect of DataFusion; tables go by their names.
        tables: those the query names.

    Raises:
        LakeUnreadableError: a file of a table is gone or broken.
    """
    builder = QueryBuilder()
    for table in tables:
        builder = builder.register(table.name, open_table(root / table.name))
    with lake_errors():
        return pa.table(builder.execute(sql).read_all())


def read_rows(root: LakeLocation, sql: str, *tables: Table) -> list[dict[str, Any]]:
    """Query tables and return rows as dictionaries."""
    rows: list[dict[str, Any]] = read_table(root, sql, *tables).to_pylist()
    return rows
