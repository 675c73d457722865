"""Highest stored offsets of `detections`, in memory, so that only possible repeats are looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from lake.accounting.ledger import SPEED
from lake.config.lake_location import LakeLocation
from lake.schema.schemas import DETECTIONS
from lake.storage.reader import read_rows

Stretch = tuple[str, str, int, date]
"""Topic, topic id, partition, and the UTC day of the frames."""
Row = Mapping[str, Any]
NONE: Final = -1


class HighestOffsets:
    """The highest stored offset of each partition and day, of the speed layer.

    For the one query that stores outcomes of the speed layer: as records mostly come in order, all but a few
    lie above it and are new. Looking them up in a day's files cost more with every commit. Rows of other
    layers, which others write too, may always be stored.

    Args:
        root: root folder of the tables.
    """

    def __init__(self, root: LakeLocation) -> None:
        self._root = root
        self._days: set[date] = set()
        self._highest: dict[Stretch, int] = {}

    def may_be_stored(self, rows: Sequence[Row]) -> list[Row]:
        """Return those of the rows of `detections` that the table may hold already."""
        self._read({row["day"] for row in rows} - self._days)
        return [row for row in rows if row["layer"] != SPEED or row["offset"] <= self._of(row)]

    def stored(self, rows: Iterable[Row]) -> None:
        """Note rows that have been stored since."""
        for row in rows:
            if row["layer"] == SPEED:
                self._highest[_stretch(row)] = max(self._of(row), row["offset"])

    def _of(self, row: Row) -> int:
        return self._highest.get(_stretch(row), NONE)

    def _read(self, days: set[date]) -> None:
        """Read the highest offsets of new days; only this query adds to them later."""
        if not days:
            return
        named = ", ".join(f"DATE '{day}'" for day in sorted(days))
        columns = 'topic, topic_id, "partition", day'
        sql = f"""SELECT {columns}, max("offset") AS "offset", layer FROM detections
                  WHERE layer = '{SPEED}' AND day IN ({named}) GROUP BY {columns}, layer"""
        self.stored(read_rows(self._root, sql, DETECTIONS))
        self._days |= days


def _stretch(row: Row) -> Stretch:
    return row["topic"], row["topic_id"], row["partition"], row["day"]
