"""What became of the broker's records, hour by hour: the records' part of view `reconciliation`. No JVM.

Exact, and yet it reads only files that can matter. Records belong to an hour by their offsets, as the broker
said them, and never by a time or day of a table: a frame that waited for days before it was sent lies in the
partition of another day. So the tables are asked for the offsets of the span's hours alone, whatever the day;
a file is left out where its statistics say that it holds none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from lake.batch_schemas import BROKER_HOURS
from lake.contracts import FRAMES_TOPIC, rfc3339
from lake.current import RECORD_KEY, current_detections
from lake.hours import HourError, said
from lake.reader import read_rows
from lake.reconciliation import BROKER_RANGES, CLAIMS
from lake.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES
from lake.sql_words import quoted
from lake.table import Table
from lake.view import qualified

LONGEST: Final = timedelta(days=31)
"""A month's records are as many as are held in memory at once."""
OUTCOMES: Final = ("analysed_live", "analysed_batch", "skipped", "corrupt")
"""What may become of a record that was read, by the view's own conditions."""
INSIDE: Final = "t.offset >= {low} AND t.offset < {high}"
ACROSS: Final = "t.to_offset > {low} AND t.from_offset < {high}"

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HourAccount:
    """What became of the records that the broker appended in one closed hour of its clock.

    Attributes:
        hour: UTC, its start.
        received: records, as the broker says itself.
        analysed_live, analysed_batch: of these, analysed by the speed layer, and by any other.
        skipped: those that no layer analysed, too old or superseded when they came.
        corrupt: those that could not be analysed.
        expired: those that were gone before the speed layer read them, without any outcome.
        unexplained: received less all of these; must be 0.
        archived: records that are in `frames`.
        unarchived: received less archived.
    """

    hour: datetime
    received: int
    analysed_live: int
    analysed_batch: int
    skipped: int
    corrupt: int
    expired: int
    unexplained: int
    archived: int
    unarchived: int


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
    starts: Offsets
    ends: Offsets

    def named(self, alias: str) -> str:
        """SQL: a row is about this partition."""
        return f"{alias}.topic_id = {quoted(self.topic_id)} AND {alias}.partition = {self.number}"

    def holds(self, claims: str) -> str:
        """SQL: a row of `t` is about it, and claims offsets between {low} and {high}, those of the hours."""
        within = claims.format(low=int(self.starts.min()), high=int(self.ends.max()))
        return f"({self.named('t')} AND {within})"

    def sums(self, offsets: Offsets, worth: Offsets) -> Offsets:
        """What all offsets of each hour are worth together; the offsets are sorted."""
        begun = np.searchsorted(offsets, self.starts)
        ended = np.searchsorted(offsets, np.maximum(self.starts, self.ends))
        upto = np.concatenate([[0], np.cumsum(worth)])
        return np.asarray(upto[ended] - upto[begun])

    def count_lost(self, ranges: Offsets, known: Offsets) -> Offsets:
        """Offsets of each hour in a range (int64 [N, 2]: the first, and after the last) and not known."""
        return np.array(
            [_lost(ranges, known, *edges) for edges in zip(self.starts, self.ends, strict=True)], np.int64
        )


def hour_accounts(root: Path, first: datetime, last: datetime) -> tuple[HourAccount, ...]:
    """The account of each closed hour that the broker was asked for, oldest first.

    Args:
        root: root folder of the tables.
        first: UTC; hours that start before are left out.
        last: UTC; so are those that start then or later.

    Returns:
        Nothing where there is no table `broker_hours` yet.

    Raises:
        HourError: `last` comes before `first`, or more than 31 days after it.
    """
    if not timedelta(0) <= last - first <= LONGEST:
        raise HourError(f"{said(first)} to {said(last)}: ask for at most {LONGEST.days} days, in order")
    try:
        partitions = _partitions(root, first, last)
    except TableNotFoundError:
        return ()
    sums: dict[datetime, Offsets] = {}
    for hour, counts in _counts(root, partitions):
        sums[hour] = sums[hour] + counts if hour in sums else counts
    return tuple(_account(hour, *map(int, sums[hour])) for hour in sorted(sums))


def _account(
    hour: datetime,
    received: int,
    archived: int,
    expired: int,
    live: int,
    batch: int,
    skipped: int,
    corrupt: int,
) -> HourAccount:
    unexplained = received - live - batch - skipped - corrupt - expired
    outcomes = live, batch, skipped, corrupt, expired
    return HourAccount(hour, received, *outcomes, unexplained, archived, received - archived)


def _partitions(root: Path, first: datetime, last: datetime) -> list[Partition]:
    within = f"g.hour >= TIMESTAMP '{rfc3339(first)}' AND g.hour < TIMESTAMP '{rfc3339(last)}'"
    sql = f"""SELECT g.* FROM ({BROKER_RANGES.sql}) g WHERE g.topic = '{FRAMES_TOPIC}' AND {within}
              ORDER BY g.topic_id, g.partition, g.hour"""
    rows = read_rows(root, sql, BROKER_HOURS)
    alike = groupby(rows, key=lambda row: (row["topic_id"], row["partition"]))
    return [_partition(*key, list(own)) for key, own in alike]


def _partition(topic_id: str, number: int, rows: list[dict[str, Any]]) -> Partition:
    edges = (np.array([row[edge] for row in rows], np.int64) for edge in ("from_offset", "to_offset"))
    return Partition(topic_id, number, [row["hour"] for row in rows], *edges)


def _counts(root: Path, partitions: Sequence[Partition]) -> Iterator[tuple[datetime, Offsets]]:
    """Hour, and what its records of one partition come to: received, archived, expired, and OUTCOMES."""
    if not partitions:
        return
    known = _ask(root, DETECTIONS, _outcomes_sql(partitions))
    kept = _ask(root, FRAMES, _archived_sql(partitions))
    gone = _ask(root, EXPIRED_RANGES, _expired_sql(partitions))
    for place, one in enumerate(partitions):
        outcomes, stored, ranges = (_at(place, rows) for rows in (known, kept, gone))
        offsets, archived = outcomes["offset"].to_numpy(), stored["offset"].to_numpy()
        lost = np.stack([ranges["offset"].to_numpy(), ranges["after"].to_numpy()], axis=1)
        columns = [
            one.ends - one.starts,
            one.sums(archived, np.ones_like(archived)),
            one.count_lost(lost, offsets),
            *(one.sums(offsets, outcomes[name].to_numpy()) for name in OUTCOMES),
        ]
        yield from zip(one.hours, np.column_stack(columns), strict=True)


def _at(place: int, rows: pa.Table) -> pa.Table:
    return rows.filter(pc.field("place") == place).sort_by("offset")


def _lost(ranges: Offsets, known: Offsets, start: int, end: int) -> int:
    near = ranges[(ranges[:, 0] < end) & (ranges[:, 1] > start)].clip(start, end) - start
    if not len(near):
        return 0
    lost = np.zeros(end - start, bool)
    for low, high in near:
        lost[low:high] = True
    lost[known[(known >= start) & (known < end)] - start] = False
    return int(lost.sum())


def _outcomes_sql(partitions: Sequence[Partition]) -> str:
    """The current outcome of each record: any of its rows may be the one that counts, so all are read."""
    columns = qualified("t", (*RECORD_KEY, "frame_id", "status", "layer", "run_id", "finished_at"))
    rows = f"SELECT {columns} FROM detections t {_where(INSIDE, partitions)}"
    claims = ", ".join(f"{CLAIMS[name]} AS {name}" for name in OUTCOMES)
    return f"""SELECT {_place("c", partitions)}, c.offset, {claims}
               FROM ({current_detections(f"({rows})")}) c"""


def _archived_sql(partitions: Sequence[Partition]) -> str:
    return f"SELECT DISTINCT {_place('t', partitions)}, t.offset FROM frames t {_where(INSIDE, partitions)}"


def _expired_sql(partitions: Sequence[Partition]) -> str:
    return f"""SELECT {_place("t", partitions)}, t.from_offset AS offset, t.to_offset AS after
               FROM expired_ranges t {_where(ACROSS, partitions)} AND t.query = 'detect_objects'"""


def _place(alias: str, partitions: Sequence[Partition]) -> str:
    """SQL of a row's partition as its place among these, since a join by text costs more."""
    cases = " ".join(f"WHEN {one.named(alias)} THEN {place}" for place, one in enumerate(partitions))
    return f"CASE {cases} END AS place"


def _where(claims: str, partitions: Sequence[Partition]) -> str:
    return f"WHERE t.topic = '{FRAMES_TOPIC}' AND ({' OR '.join(one.holds(claims) for one in partitions)})"


def _ask(root: Path, table: Table, sql: str) -> pa.Table:
    builder = QueryBuilder().register(table.name, DeltaTable(root / table.name))
    return pa.table(builder.execute(sql).read_all())
