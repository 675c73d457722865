"""Delta tables that a writer keeps open, since to look anew costs more with each file of a table and log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from deltalake import DeltaTable

from lake.config.lake_location import LakeLocation
from lake.storage.delta_tables import open_table

MAX_COMMITS: Final = 50
"""After so many a table is opened anew: what it knows of its files grows by a piece with each own write,
and one took 57 ms of processor time after 40 others, 94 after 200 and 380 after 1,700."""


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    table: DeltaTable | None = None
    opened_at: int = 0  # version


class KeptWriters:
    """Tables under one root, for programs that only append to them.

    Whether others have committed meanwhile, a commit finds out by itself. To open a table with 1,200 files,
    40 minutes of `archive_detections`, took 31 ms; to look for news in a day's log of 50,000 entries 48 ms.

    Args:
        root: root folder of the tables.
    """

    def __init__(self, root: LakeLocation) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    @contextmanager
    def to_append(self, name: str) -> Iterator[DeltaTable]:
        """The table, for one thread at a time; perhaps as it was some commits of others ago.

        Raises:
            TableNotFoundError: there is none.
            OSError: the store cannot be asked.
        """
        with self._lock:
            kept = self._kept.setdefault(name, _Kept())
        with kept.lock:
            if kept.table is None or not self._is_fit(name, kept.table.version(), kept.opened_at):
                kept.table = open_table(self._root / name)
                kept.opened_at = kept.table.version()
            yield kept.table

    def _is_fit(self, name: str, version: int, opened_at: int) -> bool:
        # Of a table that was deleted, and perhaps made anew, it would go on telling what it was.
        there = (self._root / name / "_delta_log" / f"{version:020}.json").exists()
        return there and version - opened_at < MAX_COMMITS
