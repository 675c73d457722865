"""Offset ranges of a micro-batch: planned, missing, and committed.

The planned ranges come from the checkpoint, where Spark writes them before a batch runs; so a batch that
is replayed after a crash finds the same gaps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from lake.config.lake_location import LakeLocation

CHECKPOINT_ADVICE: Final = (
    "stop the stream and move the checkpoint away to begin again from the earliest offset"
)


class CheckpointError(RuntimeError):
    """A checkpoint without the offsets of a batch, or that cannot be read."""


class OffsetsWentBackError(RuntimeError):
    """A topic made anew counts from 0 again; its batch must not be committed to the old checkpoint."""


@dataclass(frozen=True, slots=True, order=True)
class OffsetRange:
    """Offsets `start` up to, not including, `end` of one partition."""

    topic: str
    partition: int
    start: int
    end: int


def by_partition(places: Iterable[tuple[str, int, int]]) -> dict[tuple[str, int], list[int]]:
    """Group offsets of records, given as (topic, partition, offset), by topic and partition.

    >>> by_partition([("t", 0, 5), ("t", 1, 2), ("t", 0, 6)])
    {('t', 0): [5, 6], ('t', 1): [2]}
    """
    offsets: dict[tuple[str, int], list[int]] = {}
    for topic, partition, offset in places:
        offsets.setdefault((topic, partition), []).append(offset)
    return offsets


def planned_ranges(checkpoint: LakeLocation, batch_id: int) -> list[OffsetRange]:
    """Read the ranges that a batch was meant to read; a first batch starts from offset 0.

    Raises:
        CheckpointError: the checkpoint has no entry for the batch.
        OffsetsWentBackError: the batch ends before it starts.
    """
    ends = _offsets(checkpoint / "offsets" / str(batch_id))
    starts = _offsets(checkpoint / "offsets" / str(batch_id - 1)) if batch_id else {}
    planned = [
        OffsetRange(topic, partition, starts.get(topic, {}).get(partition, 0), end)
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    ]
    for item in planned:
        if item.end < item.start:
            raise OffsetsWentBackError(
                f"{item.topic}/{item.partition} went back from offset {item.start} to {item.end}:"
                " the topic was made anew; the stream starts again from its beginning"
            )
    return planned


def missing_ranges(
    planned: Iterable[OffsetRange], seen: Mapping[tuple[str, int], Iterable[int]]
) -> list[OffsetRange]:
    """Return the parts of the planned ranges that hold no seen offset, in order.

    >>> [(gap.start, gap.end) for gap in missing_ranges([OffsetRange("t", 0, 5, 10)], {("t", 0): [7, 8]})]
    [(5, 7), (9, 10)]
    """
    return [gap for item in planned for gap in _gaps(item, seen.get((item.topic, item.partition), ()))]


def subtract_ranges(ranges: Iterable[OffsetRange], taken: Sequence[OffsetRange]) -> list[OffsetRange]:
    """Return the parts of the ranges that lie in none of those taken.

    >>> subtract_ranges([OffsetRange("t", 0, 0, 9)], [OffsetRange("t", 0, 3, 9)])
    [OffsetRange(topic='t', partition=0, start=0, end=3)]
    """
    left: list[OffsetRange] = []
    for item in ranges:
        at = item.start
        same = [other for other in taken if (other.topic, other.partition) == (item.topic, item.partition)]
        for other in sorted(same):
            if at < other.start < item.end:
                left.append(replace(item, start=at, end=other.start))
            at = max(at, other.end)
        if at < item.end:
            left.append(replace(item, start=at))
    return left


def committed_ends(checkpoint: LakeLocation) -> dict[tuple[str, int], int]:
    """Read the next offset of each partition after the last finished batch; empty when there was none."""
    finished = [int(entry.name) for entry in (checkpoint / "commits").glob("*") if entry.name.isdigit()]
    if not finished:
        return {}
    ends = _offsets(checkpoint / "offsets" / str(max(finished)))
    return {(topic, part): end for topic, parts in ends.items() for part, end in parts.items()}


def query_id(checkpoint: LakeLocation) -> str:
    """Read the id that Spark gave the query when it made the checkpoint.

    Raises:
        CheckpointError: the checkpoint has none.
    """
    try:
        return str(json.loads((checkpoint / "metadata").read_text(encoding="utf-8"))["id"])
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{checkpoint} has no metadata ({error}); {CHECKPOINT_ADVICE}") from error


def _gaps(planned: OffsetRange, seen: Iterable[int]) -> list[OffsetRange]:
    gaps, at = [], planned.start
    within = sorted(offset for offset in set(seen) if planned.start <= offset < planned.end)
    for offset in [*within, planned.end]:
        if at < offset:
            gaps.append(OffsetRange(planned.topic, planned.partition, at, offset))
        at = offset + 1
    return gaps


def batch_time(checkpoint: LakeLocation, batch_id: int) -> datetime:
    """Read the time that Spark stored for the batch, UTC.

    Raises:
        CheckpointError: the checkpoint has no entry for the batch.
    """
    metadata = _line(checkpoint / "offsets" / str(batch_id), 1)
    return datetime.fromtimestamp(metadata["batchTimestampMs"] / 1000, UTC)


def _offsets(entry: LakeLocation) -> dict[str, dict[int, int]]:
    """Read topic → partition → offset of one entry of Spark's log."""
    return {topic: {int(p): int(o) for p, o in ends.items()} for topic, ends in _line(entry, 2).items()}


def _line(entry: LakeLocation, number: int) -> dict[str, Any]:
    """Read a line of an entry of Spark's log: a version, metadata, then each source."""
    try:
        return dict(json.loads(entry.read_text(encoding="utf-8").splitlines()[number]))
    except (OSError, IndexError, ValueError, TypeError) as error:
        raise CheckpointError(f"{entry} is missing or unreadable ({error}); {CHECKPOINT_ADVICE}") from error
