"""The ledger: every record of the frames topic is claimed exactly once, by a row or by an expired range.

It reads the tables without a JVM and compares them with offsets that the caller asked the broker itself
for (`lake.kafka.broker.offsets`), so that no table vouches for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake.exceptions import TableNotFoundError

from lake.config.lake_location import LakeLocation
from lake.contracts.wire_format import FRAMES_TOPIC, SPEED_QUERY
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES
from lake.storage.delta_tables import open_table

SPEED: Final = "speed"
ARCHIVED: Final = "archived"
WRITERS: Final = {DETECTIONS.name: SPEED_QUERY, FRAMES.name: "archive_frames"}
"""Table → the query whose expired ranges excuse what it lacks."""

Claims = np.ndarray
"""Offsets claimed of one partition, int64 [N, 2]: start, and the offset after the end."""


class LedgerTableMissingError(FileNotFoundError):
    """A table that the ledger compares does not exist."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Offsets `start` up to, not including, `end` of one partition of the frames topic."""

    partition: int
    start: int
    end: int

    def __str__(self) -> str:
        """Format the span for people, both ends included."""
        last = f" to {self.end - 1}" if self.end - self.start > 1 else ""
        return f"{self.start}{last} of partition {self.partition}"


@dataclass(frozen=True, slots=True)
class Account:
    """Comparison of one table with the broker's records.

    Attributes:
        table: its name.
        records: how many the broker has ever had.
        counts: rows by status; `frames` knows only `archived`.
        expired: records that its query could no longer read.
        unaccounted: records that nothing claims.
        duplicates: records claimed more than once, by rows or expired ranges.
    """

    table: str
    records: int
    counts: Mapping[str, int]
    expired: int
    unaccounted: tuple[Span, ...]
    duplicates: tuple[Span, ...]

    @property
    def is_balanced(self) -> bool:
        """Return whether every record is claimed exactly once."""
        return not self.unaccounted and not self.duplicates

    def __str__(self) -> str:
        """Format the account as sentences."""
        counted = ", ".join(f"{count} {status}" for status, count in sorted(self.counts.items()))
        parts = [
            f"{self.table}: of {self.records} records {counted or 'none stored'}, {self.expired} expired."
        ]
        parts += [f"Nothing accounts for {_format_spans(self.unaccounted)}."] if self.unaccounted else []
        parts += [f"Counted more than once: {_format_spans(self.duplicates)}."] if self.duplicates else []
        return " ".join([*parts, *(["It balances."] if self.is_balanced else [])])


@dataclass(frozen=True, slots=True)
class Ledger:
    """Accounts of both tables for one life of the frames topic."""

    detections: Account
    frames: Account

    @property
    def is_balanced(self) -> bool:
        """Return whether both accounts are balanced."""
        return self.detections.is_balanced and self.frames.is_balanced

    def __str__(self) -> str:
        """Format one line per account."""
        return f"{self.detections}\n{self.frames}"


def balance(lake_root: LakeLocation, topic_id: str, ends: Mapping[int, int]) -> Ledger:
    """Compare the tables with the broker.

    Args:
        lake_root: folder of the tables.
        topic_id: UUID of the frames topic, as `lake.kafka.broker.topic_ids` says it.
        ends: next free offset of each partition, as the broker says it; rows at or behind it came later
            and are left out.

    Raises:
        LedgerTableMissingError: a table does not exist.
    """
    life = (pc.field("topic") == FRAMES_TOPIC) & (pc.field("topic_id") == topic_id)
    edges = ["query", "partition", "from_offset", "to_offset"]
    gone = pa.concat_tables(_rows(lake_root, EXPIRED_RANGES.name, life, edges))
    live = life & (pc.field("layer") == SPEED)
    analysed = _rows(lake_root, DETECTIONS.name, live, ["partition", "offset", "status"])
    archived = _rows(lake_root, FRAMES.name, life, ["partition", "offset"])
    return Ledger(
        _account(DETECTIONS.name, analysed, gone, ends),
        _account(FRAMES.name, archived, gone, ends),
    )


def _rows(
    lake_root: LakeLocation, table: str, condition: pc.Expression, columns: list[str]
) -> Iterator[pa.Table]:
    """Yield rows of a table in parts, since months exceed memory; at least one part comes."""
    try:
        stored = open_table(lake_root / table)
    except TableNotFoundError as error:
        raise LedgerTableMissingError(
            f"no table {table} in {lake_root}: the stream makes it when it starts"
        ) from error
    rows = stored.to_pyarrow_dataset()
    yield pa.table({name: pa.array([], rows.schema.field(name).type) for name in columns})
    for batch in rows.to_batches(columns, filter=condition, batch_readahead=1, fragment_readahead=1):
        yield pa.Table.from_batches([batch])


def _account(table: str, parts: Iterator[pa.Table], gone: pa.Table, ends: Mapping[int, int]) -> Account:
    gone = gone.filter(pc.equal(gone["query"], WRITERS[table]))
    lost = {
        partition: _expired_claims(gone.filter(pc.field("partition") == partition), end)
        for partition, end in ends.items()
    }
    counts, stored = _tally(parts, ends)
    unaccounted: list[Span] = []
    duplicates: list[Span] = []
    for partition, end in sorted(ends.items()):
        holes, doubles = _compare(np.concatenate([lost[partition], *stored[partition]]), end)
        unaccounted += [Span(partition, *hole) for hole in holes]
        duplicates += [Span(partition, *double) for double in doubles]
    expired = sum(int((ranges[:, 1] - ranges[:, 0]).sum()) for ranges in lost.values())
    records = sum(ends.values())
    return Account(table, records, dict(counts), expired, tuple(unaccounted), tuple(duplicates))


def _tally(
    parts: Iterator[pa.Table], ends: Mapping[int, int]
) -> tuple[Counter[str], Mapping[int, list[Claims]]]:
    """Return row counts by status, and partition → the ranges that the rows claim."""
    counts: Counter[str] = Counter()
    claims: dict[int, list[Claims]] = {partition: [] for partition in ends}
    for rows in parts:
        for partition, end in ends.items():
            own = rows.filter((pc.field("partition") == partition) & (pc.field("offset") < end))
            counts += _statuses(own)
            claims[partition].append(_merge_offsets(own["offset"].to_numpy()))
    return counts, claims


def _statuses(rows: pa.Table) -> Counter[str]:
    if "status" not in rows.column_names:
        return Counter({ARCHIVED: len(rows)})
    return Counter({row["values"]: row["counts"] for row in rows["status"].value_counts().to_pylist()})


def _merge_offsets(offsets: Claims) -> Claims:
    """Return offsets as ranges without gaps; a duplicate offset is in two of them.

    >>> _merge_offsets(np.array([5, 1, 2, 2, 3])).tolist()
    [[1, 3], [2, 4], [5, 6]]
    """
    ordered = np.sort(offsets)
    firsts = ordered[np.diff(ordered, prepend=-2) != 1]
    lasts = ordered[np.diff(ordered, append=np.iinfo(np.int64).max) != 1]
    return np.stack([firsts, lasts + 1], axis=1)


def _expired_claims(ranges: pa.Table, end: int) -> Claims:
    """Return the expired ranges; an empty one only marks that a topic was recreated."""
    edges = [ranges[name].to_numpy() for name in ("from_offset", "to_offset")]
    claims = np.stack(edges, axis=1).clip(0, end)
    return np.asarray(claims[claims[:, 0] < claims[:, 1]])


def _compare(claims: Claims, end: int) -> tuple[list[Any], list[Any]]:
    """Return (start, end) of the holes between the claims up to `end`, and of their overlaps."""
    claims = claims[np.lexsort((claims[:, 1], claims[:, 0]))]
    starts = np.append(claims[:, 0], end)
    reached = np.maximum.accumulate(np.append(0, claims[:, 1]))
    hole, double = reached < starts, (reached > starts) & (starts < end)
    upto = np.minimum(reached, np.append(claims[:, 1], end))
    holes = zip(reached[hole].tolist(), starts[hole].tolist(), strict=True)
    return list(holes), list(zip(starts[double].tolist(), upto[double].tolist(), strict=True))


def _format_spans(spans: tuple[Span, ...]) -> str:
    text = "; ".join(map(str, spans[:10]))
    return text if len(spans) <= 10 else f"{text}; and {len(spans) - 10} more ranges"
