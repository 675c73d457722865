"""Tables of the lake written without a JVM, by the columns of their DDL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from lake.schema.table import Table

FLOATS = ("score", "ymin", "xmin", "ymax", "xmax")
SEEN = pa.struct([
    ("label", pa.string()), *((name, pa.float32()) for name in FLOATS),
    ("sector_v", pa.string()), ("sector_h", pa.string()),
])  # fmt: skip
KINDS = {
    "STRING": pa.string(), "INT": pa.int32(), "BIGINT": pa.int64(), "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(), "TIMESTAMP": pa.timestamp("us", "UTC"), "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(), "BINARY": pa.binary(), "ARRAY<STRING>": pa.list_(pa.string()),
    "ARRAY<BIGINT>": pa.list_(pa.int64()),
    "ARRAY<STRUCT<key: STRING, value: BINARY>>": pa.list_(
        pa.struct([("key", pa.string()), ("value", pa.binary())])
    ),
    "MAP<STRING, STRING>": pa.map_(pa.string(), pa.string()),
}  # fmt: skip


def schema(table: Table) -> pa.Schema:
    """The table's columns with their comments, at which DataFusion stumbles where they differ."""
    columns = re.findall(r"(?m)^(\w+) ([A-Z].*?)(?: COMMENT '(.*)')?,?$", table.ddl)
    return pa.schema(
        [
            pa.field(name, KINDS.get(kind, pa.list_(SEEN)), metadata={"comment": comment})
            for name, kind, comment in columns
        ]
    )


def write(root: Path, table: Table, rows: list[dict[str, Any]]) -> None:
    """Append rows to a table, which is made where it is missing; columns that they do not name are null."""
    shape = schema(table)
    content = pa.Table.from_pylist(
        [{name: row.get(name) for name in shape.names} for row in rows], schema=shape
    )
    partitions = list(table.partitioned_by) or None
    write_deltalake(root / table.name, content, mode="append", partition_by=partitions)
