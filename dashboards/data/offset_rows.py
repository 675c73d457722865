"""Rows of the tables about the offsets of some hours, as arrays. No JVM.

Records belong to an hour by their offsets, as the broker said them, and never by a time or day of a table:
a frame that waited for days before it was sent lies in the partition of another day. So the tables are asked
for the offsets alone, whatever the day; a file is left out where its statistics say that it holds none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.config.lake_location import LakeLocation
from lake.contracts.wire_format import FRAMES_TOPIC, SPEED_QUERY
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES
from lake.schema.table import Table
from lake.storage.reader import read_table
from lake.storage.sql_literals import quoted
from lake.views.current_detections import DETECTED_FIRST, LAYER_FIRST
from lake.views.reconciliation import CLAIMS

INSIDE: Final = "r.offset >= {low} AND r.offset < {high}"
OVERLAPS: Final = "r.to_offset > {low} AND r.from_offset < {high}"
OUTCOMES: Final = ("analysed_live", "analysed_batch", "skipped", "corrupt")
"""What may become of a record, by the conditions of view `reconciliation`."""
CURRENT_ORDER: Final = {
    "offset": "ascending",
    "appended_at": "ascending",
    "detected_first": "ascending",
    "layer_first": "ascending",
    "finished_at": "descending",
    "run_id": "ascending",
}
"""Order in which the first row of each record is the one that counts; what is unknown comes last."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Partition:
    """Hours of one partition of one life of the frames topic; arrays have one entry per hour.

    Attributes:
        topic_id: UUID of the topic.
        number: Kafka partition.
        hours: UTC.
        starts, ends: their offsets, `starts` up to, not including, `ends`.
    """

    topic_id: str
    number: int
    hours: Sequence[datetime]
    starts: Numbers
    ends: Numbers

    @property
    def named(self) -> str:
        """Return SQL: row `r` is about this partition."""
        return f"r.topic_id = {quoted(self.topic_id)} AND r.partition = {self.number}"

    def holds(self, claims: str) -> str:
        """Return SQL: row `r` is about it, and claims offsets from {low} to {high}, those of the hours."""
        return f"({self.named} AND {claims.format(low=int(self.starts.min()), high=int(self.ends.max()))})"


@dataclass(frozen=True, eq=False, slots=True)
class OffsetRows:
    """Rows of the tables about the offsets of one partition.

    Attributes:
        known: offset of each record with an outcome, rising; twice where two records had the same one.
        outcomes: int64 [N, 4], 1 in the column of OUTCOMES that became of it.
        archived: offsets in `frames`, rising, each once.
        expired: int64 [M, 2], ranges that the speed layer found gone: the first offset, and after the last.
    """

    known: Numbers
    outcomes: Numbers
    archived: Numbers
    expired: Numbers


def offset_rows(root: LakeLocation, partitions: Sequence[Partition]) -> list[OffsetRows]:
    """Return the rows about each of these partitions.

    Args:
        root: root folder of the tables.
        partitions: at least one.
    """
    analysed = _query(root, DETECTIONS, _outcomes_sql(partitions))
    archived = _query(root, FRAMES, _select("r.offset", FRAMES, INSIDE, partitions))
    expired = _query(root, EXPIRED_RANGES, _expired_sql(partitions))
    return [
        OffsetRows(
            *_current(_at(place, analysed)),
            np.unique(_at(place, archived)["offset"].to_numpy()),
            _columns(_at(place, expired), ("from_offset", "to_offset")),
        )
        for place in range(len(partitions))
    ]


def _current(rows: pa.Table) -> tuple[Numbers, Numbers]:
    """Return offset and outcome of each record, by the rule of `lake.views.current_detections`.

    As a window in SQL it takes long.
    """
    ordered = rows.sort_by([(name, way) for name, way in CURRENT_ORDER.items()])
    keys = ordered["offset"].to_numpy(), ordered["appended_at"].cast(pa.int64()).to_numpy()
    first = np.any([np.diff(key, prepend=-1) != 0 for key in keys], axis=0)
    return keys[0][first], _columns(ordered, OUTCOMES)[first]


def _columns(rows: pa.Table, names: Sequence[str]) -> Numbers:
    return np.stack([rows[name].to_numpy() for name in names], axis=1)


def _at(place: int, rows: pa.Table) -> pa.Table:
    return rows.filter(pc.field("place") == place)


def _outcomes_sql(partitions: Sequence[Partition]) -> str:
    """Return SQL of all rows of each record: any of them may be the one that counts."""
    columns = "r.offset, r.appended_at, r.status, r.layer, r.finished_at, r.run_id"
    order = f"{DETECTED_FIRST} AS detected_first, {LAYER_FIRST} AS layer_first"
    rows = _select(f"{columns}, {order}", DETECTIONS, INSIDE, partitions)
    claims = ", ".join(f"{CLAIMS[name]} AS {name}" for name in OUTCOMES)
    return f"SELECT c.place, {', '.join(f'c.{name}' for name in CURRENT_ORDER)}, {claims} FROM ({rows}) c"


def _expired_sql(partitions: Sequence[Partition]) -> str:
    columns = "r.from_offset, r.to_offset"
    return _select(columns, EXPIRED_RANGES, OVERLAPS, partitions) + f" AND r.query = '{SPEED_QUERY}'"


def _select(columns: str, table: Table, claims: str, partitions: Sequence[Partition]) -> str:
    """Return SQL of the partitions' rows; `place` is the index of the partition."""
    cases = " ".join(f"WHEN {partition.named} THEN {place}" for place, partition in enumerate(partitions))
    among = " OR ".join(partition.holds(claims) for partition in partitions)
    return f"""SELECT CASE {cases} END AS place, {columns} FROM {table.name} r
               WHERE r.topic = '{FRAMES_TOPIC}' AND ({among})"""


def _query(root: LakeLocation, table: Table, sql: str) -> pa.Table:
    rows = read_table(root, sql, table)
    # Views of strings, as they come, can be neither filtered nor sorted.
    plain = [
        pa.field(field.name, pa.string()) if field.type == pa.string_view() else field
        for field in rows.schema
    ]
    return rows.cast(pa.schema(plain))
