"""Outcome of the broker's records by hour: the records' part of view `reconciliation`. No JVM.

They are exact: see `dashboards.data.offset_rows` for what is read of the tables, and why that is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

import numpy as np
from deltalake.exceptions import TableNotFoundError

from dashboards.data.offset_rows import Numbers, OffsetRows, Partition, offset_rows
from lake.config.lake_location import LakeLocation
from lake.contracts.hours import HourError, format_hour
from lake.contracts.wire_format import FRAMES_TOPIC, rfc3339
from lake.schema.batch_schemas import BROKER_HOURS
from lake.storage.reader import read_rows
from lake.views.reconciliation import BROKER_RANGES

MAX_SPAN: Final = timedelta(days=31)
"""A month's records are as many as are held in memory at once."""


@dataclass(frozen=True, slots=True)
class HourAccount:
    """Outcome of the records that the broker appended in one closed hour of its clock.

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


def hour_accounts(root: LakeLocation, first: datetime, last: datetime) -> tuple[HourAccount, ...]:
    """Return the account of each closed hour recorded from the broker, oldest first.

    Args:
        root: root folder of the tables.
        first: UTC; hours that start before are left out.
        last: UTC; so are those that start then or later.

    Returns:
        Nothing where there is no table `broker_hours` yet.

    Raises:
        HourError: `last` comes before `first`, or more than 31 days after it.
    """
    if not timedelta(0) <= last - first <= MAX_SPAN:
        raise HourError(
            f"{format_hour(first)} to {format_hour(last)}: ask for at most {MAX_SPAN.days} days, in order"
        )
    try:
        partitions = _partitions(root, first, last)
    except TableNotFoundError:
        return ()
    sums: dict[datetime, Numbers] = {}
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


def _partitions(root: LakeLocation, first: datetime, last: datetime) -> list[Partition]:
    within = f"g.hour >= TIMESTAMP '{rfc3339(first)}' AND g.hour < TIMESTAMP '{rfc3339(last)}'"
    sql = f"""SELECT g.* FROM ({BROKER_RANGES.sql}) g WHERE g.topic = '{FRAMES_TOPIC}' AND {within}
              ORDER BY g.topic_id, g.partition, g.hour"""
    rows = read_rows(root, sql, BROKER_HOURS)
    alike = groupby(rows, key=lambda row: (row["topic_id"], row["partition"]))
    return [_partition(*key, list(own)) for key, own in alike]


def _partition(topic_id: str, number: int, rows: list[dict[str, Any]]) -> Partition:
    edges = (np.array([row[edge] for row in rows], np.int64) for edge in ("from_offset", "to_offset"))
    return Partition(topic_id, number, [row["hour"] for row in rows], *edges)


def _counts(root: LakeLocation, partitions: Sequence[Partition]) -> Iterator[tuple[datetime, Numbers]]:
    """Return each hour with the sums of its records in one partition, in the order of `_account`."""
    for partition, rows in zip(partitions, offset_rows(root, partitions) if partitions else [], strict=True):
        columns = [
            partition.ends - partition.starts,
            _sums(partition, rows.archived, np.ones((len(rows.archived), 1), np.int64)),
            _lost(partition, rows),
            _sums(partition, rows.known, rows.outcomes),
        ]
        yield from zip(partition.hours, np.column_stack(columns), strict=True)


def _sums(partition: Partition, offsets: Numbers, worth: Numbers) -> Numbers:
    """Sum `worth`, one row for each offset (rising), over the offsets of each hour."""
    begun = np.searchsorted(offsets, partition.starts)
    ended = np.searchsorted(offsets, np.maximum(partition.starts, partition.ends))
    upto = np.vstack([np.zeros((1, worth.shape[1]), np.int64), np.cumsum(worth, axis=0)])
    return np.asarray(upto[ended] - upto[begun])


def _lost(partition: Partition, rows: OffsetRows) -> Numbers:
    """Count the offsets of each hour that only an expired range claims; overlaps count once."""
    edges = zip(partition.starts.tolist(), partition.ends.tolist(), strict=True)
    return np.array([_lost_between(rows, start, end) for start, end in edges], np.int64)


def _lost_between(rows: OffsetRows, start: int, end: int) -> int:
    near = rows.expired[(rows.expired[:, 0] < end) & (rows.expired[:, 1] > start)]
    if start >= end or not len(near):
        return 0
    lost = np.zeros(end - start, bool)
    for low, high in near.clip(start, end) - start:
        lost[low:high] = True
    lost[rows.known[(rows.known >= start) & (rows.known < end)] - start] = False
    return int(lost.sum())
