"""Size of each table of the lake and its last operation, read from its log alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from lake.config.lake_location import LakeLocation
from lake.schema.schemas import TABLES
from lake.schema.table import Table
from lake.storage.delta_tables import is_table, open_table


@dataclass(frozen=True, slots=True)
class TableSize:
    """Current size of one table.

    Attributes:
        name: of the table.
        holds: what one row of it is.
        version: newest Delta version; None where the table is missing or cannot be read.
        files: of this version.
        bytes: of these files.
        rows: of these files; None where a file does not say.
        changed_at: UTC, of the last commit; None where its log does not say.
        operation: what the last commit was, in Delta's words; empty where its log does not say.
        trouble: why it cannot be read; empty when it can, or is missing.
    """

    name: str
    holds: str
    version: int | None = None
    files: int = 0
    bytes: int = 0
    rows: int | None = None
    changed_at: datetime | None = None
    operation: str = ""
    trouble: str = ""


class TableSizes:
    """Reads the sizes of tables, which stay open between calls.

    Args:
        root: root folder of the tables.
        tables: those to look at.
    """

    def __init__(self, root: LakeLocation, tables: tuple[Table, ...] = TABLES) -> None:
        self._root, self._tables = root, tables
        self._open: dict[str, DeltaTable] = {}

    def look(self) -> tuple[TableSize, ...]:
        """Return the sizes of all tables, in their given order, including missing ones."""
        return tuple(self._size(table) for table in self._tables)

    def _size(self, table: Table) -> TableSize:
        try:
            return _size_of(table, self._opened(table.name))
        except (DeltaError, pa.ArrowException, OSError) as error:
            self._open.pop(table.name, None)
            missing = isinstance(error, TableNotFoundError)
            return TableSize(table.name, table.comment, trouble="" if missing else str(error))

    def _opened(self, name: str) -> DeltaTable:
        if not is_table(self._root / name):
            raise TableNotFoundError(name)
        if name in self._open:
            self._open[name].update_incremental()
        else:
            self._open[name] = open_table(self._root / name)
        return self._open[name]


def _size_of(table: Table, stored: DeltaTable) -> TableSize:
    files = pa.table(stored.get_add_actions(flatten=True))
    counts = files["num_records"] if "num_records" in files.column_names else None
    rows = None if counts is None or counts.null_count else int(pc.sum(counts).as_py() or 0)
    commit: Mapping[str, Any] = next(iter(stored.history(1)), {})
    stamp = commit.get("timestamp")
    return TableSize(
        table.name,
        table.comment,
        version=int(stored.version()),
        files=len(files),
        bytes=int(pc.sum(files["size_bytes"]).as_py() or 0),
        rows=rows,
        changed_at=datetime.fromtimestamp(stamp / 1000, tz=UTC) if stamp else None,
        operation=str(commit.get("operation") or ""),
    )
