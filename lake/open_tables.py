"""Tables that stay open between questions, and are opened anew where one has another version."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from lake.views import with_views

FRESH: Final = timedelta(seconds=2)
"""For so long nobody looks whether a table has a newer version."""


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """Tables as they were at one moment.

    Attributes:
        tables: by name; those that the lake lacks are left out.
        builder: answers questions over them.
        live_days: UTC days with hours that are neither published nor held, oldest first.
    """

    tables: Mapping[str, DeltaTable]
    builder: QueryBuilder
    live_days: tuple[date, ...]

    def has(self, *names: str) -> bool:
        """Whether all these tables are there."""
        return set(names) <= set(self.tables)


class OpenTables:
    """Some tables of the lake, as new as FRESH.

    Args:
        root: root folder of the tables.
        clock: the time now, UTC.
        names: of the tables.
    """

    def __init__(self, root: Path, clock: Callable[[], datetime], names: tuple[str, ...]) -> None:
        self._root, self._clock, self._names = root, clock, names
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._looked_at: datetime | None = None

    def now(self) -> Opened:
        """The tables; the same object as before while none has another version."""
        with self._lock:
            now = self._clock()
            looked = self._looked_at is not None and abs(now - self._looked_at) < FRESH
            if self._opened is None or not looked:
                self._opened, self._looked_at = self._renewed(self._opened), now
            return self._opened

    def _renewed(self, old: Opened | None) -> Opened:
        known = dict(old.tables) if old else {}
        before = {name: table.version() for name, table in known.items()}
        fresh = {name: found for name in self._names if (found := self._fresh(name, known.get(name)))}
        same = {name: table.version() for name, table in fresh.items()} == before
        return old if old and same else _opened(fresh)

    def _fresh(self, name: str, known: DeltaTable | None) -> DeltaTable | None:
        try:
            if known is None:
                return DeltaTable(self._root / name)
            known.update_incremental()
        except TableNotFoundError:
            return None
        return known


def _opened(tables: Mapping[str, DeltaTable]) -> Opened:
    builder = QueryBuilder()
    for name, table in tables.items():
        builder = builder.register(name, table)
    if not {"detections", "publications"} <= set(tables):
        return Opened(tables, builder, ())
    found = pa.table(builder.execute(with_views("SELECT DISTINCT w.day FROM live_hours w")).read_all())
    return Opened(tables, builder, tuple(sorted(one["day"] for one in found.to_pylist())))
