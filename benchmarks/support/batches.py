"""Durations of a query's batches, out of table `stream_progress`, and how they compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

from lake.schema.schemas import STREAM_PROGRESS
from lake.storage.reader import read_rows

DETECT, ARCHIVE = "detect_objects", "archive_detections"


@dataclass(frozen=True, slots=True)
class Batch:
    """One micro-batch: when it began, and milliseconds it took."""

    started_at: datetime
    ms: float


def batches_of(lake: Path, query: str) -> list[Batch]:
    """All batches of a query that read anything, in order."""
    sql = f"""SELECT started_at, trigger_ms FROM stream_progress
              WHERE query = '{query}' AND rows > 0 ORDER BY batch_id"""
    rows = read_rows(lake, sql, STREAM_PROGRESS)
    return [Batch(row["started_at"], float(row["trigger_ms"])) for row in rows]


def percentile(values: Sequence[float], percent: int) -> float:
    """A percentile of at least two values."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def spread(values: Sequence[float]) -> float:
    """p99 over p50 of at least two values."""
    return percentile(values, 99) / percentile(values, 50)


def ratio_in_turns(long: Mapping[int, Sequence[float]], short: Mapping[int, Sequence[float]]) -> float:
    """Median over the turns of long ÷ short, of the medians of each turn that both have."""
    turns = [turn for turn in long if long[turn] and short.get(turn)]
    return median(median(long[turn]) / median(short[turn]) for turn in turns)
