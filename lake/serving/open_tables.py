"""Tables kept open between queries, and reopened when their version changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from lake.config.lake_location import LakeLocation
from lake.serving.day_files import Files, files_by_day, of_days
from lake.storage.delta_tables import open_table
from lake.storage.reader import lake_errors
from lake.views.all_views import with_views
from lake.views.live_views import LiveHour

MAX_AGE: Final = timedelta(seconds=2)
"""For so long nobody looks whether a table has a newer version."""
DETECTIONS: Final = "detections"
DECIDE: Final = (DETECTIONS, "publications")
"""Tables that say which hours of a day are live."""


@dataclass(frozen=True, eq=False, slots=True)
class TableSnapshot:
    """Tables as they were at one moment.

    Attributes:
        tables: by name; those that the lake lacks are left out.
        versions: of these tables.
        builder: answers questions over them.
        files: table to its files by day.
        live_hours: hours that are neither published nor held, oldest first.
    """

    tables: Mapping[str, DeltaTable]
    versions: Mapping[str, int]
    builder: QueryBuilder
    files: Mapping[str, Files]
    live_hours: tuple[LiveHour, ...]

    @property
    def live_days(self) -> tuple[date, ...]:
        """Return the UTC days of the live hours, oldest first."""
        return tuple(sorted({day for day, _, _ in self.live_hours}))

    def has(self, *names: str) -> bool:
        """Return whether all these tables exist."""
        return set(names) <= set(self.tables)

    def ask(self, sql: str) -> pa.Table:
        """Run a query over these tables.

        Raises:
            LakeUnreadableError: a file is gone or broken.
        """
        with lake_errors():
            return pa.table(self.builder.execute(sql).read_all())

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run a query and yield its result in batches."""
        with lake_errors():
            yield from map(pa.record_batch, self.builder.execute(sql))


class OpenTables:
    """Some tables of the lake, at most MAX_AGE old.

    Args:
        root: root folder of the tables.
        clock: the time now, UTC.
        names: of the tables.
    """

    def __init__(self, root: LakeLocation, clock: Callable[[], datetime], names: tuple[str, ...]) -> None:
        self._root, self._clock, self._names = root, clock, names
        self._lock = threading.Lock()
        self._opened: TableSnapshot | None = None
        self._looked_at: datetime | None = None

    def now(self) -> TableSnapshot:
        """Return the tables; the same object as before while no version changes.

        Raises:
            LakeUnreadableError: one of them is there and cannot be opened.
        """
        with self._lock:
            now = self._clock()
            is_fresh = self._looked_at is not None and abs(now - self._looked_at) < MAX_AGE
            if self._opened is None or not is_fresh:
                with lake_errors():
                    self._opened = self._renewed(self._opened)
                self._looked_at = now
            return self._opened

    def _renewed(self, old: TableSnapshot | None) -> TableSnapshot:
        previous = old.tables if old else {}
        fresh = {name: table for name in self._names if (table := self._fresh(name, previous.get(name)))}
        versions = {name: table.version() for name, table in fresh.items()}
        return old if old and versions == old.versions else _opened(fresh, versions, old)

    def _fresh(self, name: str, table: DeltaTable | None) -> DeltaTable | None:
        try:
            if table is None:
                return open_table(self._root / name)
            table.update_incremental()
        except TableNotFoundError:
            return None
        return table


def _opened(
    tables: Mapping[str, DeltaTable], versions: Mapping[str, int], old: TableSnapshot | None
) -> TableSnapshot:
    builder = QueryBuilder()
    for name, table in tables.items():
        builder = builder.register(name, table)
    files = {
        name: old.files[name] if old and old.versions.get(name) == versions[name] else files_by_day(table)
        for name, table in tables.items()
    }
    return TableSnapshot(tables, versions, builder, files, tuple(sorted(_live_hours(builder, files, old))))


def _live_hours(
    builder: QueryBuilder, files: Mapping[str, Files], old: TableSnapshot | None
) -> set[LiveHour]:
    """Return the live hours; only days with changed files are queried again."""
    if not set(DECIDE) <= set(files):
        return set()
    changed = {
        day for day in files[DETECTIONS] if old is None or _decide(files, day) != _decide(old.files, day)
    }
    previous = old.live_hours if old else ()
    same = {hour for hour in previous if hour[0] in files[DETECTIONS] and hour[0] not in changed}
    return same | (_live_among(builder, changed) if changed else set())


def _decide(files: Mapping[str, Files], day: date) -> frozenset[str]:
    return of_days([files.get(name, {}) for name in DECIDE], [day])


def _live_among(builder: QueryBuilder, days: Iterable[date]) -> set[LiveHour]:
    named = ", ".join(f"DATE '{day.isoformat()}'" for day in sorted(days))
    instead = {name: f"SELECT t.* FROM {name} t WHERE t.day IN ({named})" for name in DECIDE}
    sql = with_views("SELECT w.day, w.hour, w.camera_id FROM live_hours w", instead=instead)
    rows = pa.table(builder.execute(sql).read_all()).to_pylist()
    return {(row["day"], row["hour"], row["camera_id"]) for row in rows}
