"""Durations of a query's batches, out of table `stream_progress`, and what they say of its long run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from lake.schema.schemas import STREAM_PROGRESS
from lake.storage.reader import read_rows

DETECT, ARCHIVE = "detect_objects", "archive_detections"
SPREAD_OVER: Final = 500
"""Batches over which p99 is compared with p50."""
WINDOW: Final = 100
"""Batches whose median stands for a stretch of the run."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One micro-batch: its number since the checkpoint was made, when it began, and milliseconds it took."""

    number: int
    started_at: datetime
    ms: float


def batches_of(lake: Path, query: str) -> list[Batch]:
    """All batches of a query that read anything, in order."""
    sql = f"""SELECT batch_id, started_at, trigger_ms FROM stream_progress
              WHERE query = '{query}' AND rows > 0 ORDER BY batch_id"""
    rows = read_rows(lake, sql, STREAM_PROGRESS)
    return [Batch(row["batch_id"], row["started_at"], float(row["trigger_ms"])) for row in rows]


def percentile(values: Sequence[float], percent: int) -> float:
    """A percentile of at least two values."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def spread(batches: Sequence[Batch], first: int) -> float:
    """p99 over p50 of the batches from number `first` on, of at most 500."""
    taken = [batch.ms for batch in batches if batch.number >= first][:SPREAD_OVER]
    return percentile(taken, 99) / percentile(taken, 50)


def from_number(batches: Sequence[Batch], first: int) -> float:
    """Median milliseconds of the 100 batches from number `first` on."""
    return median([batch.ms for batch in batches if batch.number >= first][:WINDOW])


def by_hundred(batches: Sequence[Batch]) -> list[float]:
    """Median milliseconds of each 100 batches in a row, so that one sees whether they grow."""
    starts = range(0, len(batches), WINDOW)
    return [median(batch.ms for batch in batches[start : start + WINDOW]) for start in starts]


def long_run(batches: Sequence[Batch], early: int, late: int) -> dict[str, Any]:
    """The figures of one query: early and late are numbers of commits."""
    first, last = from_number(batches, early), from_number(batches, late)
    return {
        "p99_over_p50": round(spread(batches, early), 3),
        "late_over_early": round(last / first, 3),
        "early_ms": round(first, 1),
        "late_ms": round(last, 1),
        "by_hundred_ms": [round(one) for one in by_hundred(batches)],
    }


def ratio_in_turns(long: Mapping[int, Sequence[float]], short: Mapping[int, Sequence[float]]) -> float:
    """Median over the turns of long ÷ short, of the medians of each turn that both have."""
    turns = [turn for turn in long if long[turn] and short.get(turn)]
    return median(median(long[turn]) / median(short[turn]) for turn in turns)
