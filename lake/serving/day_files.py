"""Files of a table by day, so that unchanged days need not be read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import pyarrow as pa
from deltalake import DeltaTable

DAY: Final = "day"
Files = Mapping[date, frozenset[str]]
"""UTC day to the paths of its files."""


def files_by_day(table: DeltaTable) -> Files:
    """Return the files of a table by day; none if it is not partitioned by day."""
    if DAY not in table.metadata().partition_columns:
        return {}
    actions = pa.table(table.get_add_actions(flatten=True))
    files: dict[date, set[str]] = {}
    for path, day in zip(actions["path"].to_pylist(), actions[f"partition.{DAY}"].to_pylist(), strict=True):
        files.setdefault(day, set()).add(path)
    return {day: frozenset(paths) for day, paths in files.items()}


def of_days(tables: Iterable[Files], days: Iterable[date]) -> frozenset[str]:
    """Return the files of some tables that hold some days."""
    selected = list(days)
    return frozenset(path for files in tables for day in selected for path in files.get(day, ()))
