"""The figures of the long log, on turns typed by hand."""

from __future__ import annotations

from types import SimpleNamespace

from benchmarks.batch.long_log import figures
from benchmarks.support.batches import ARCHIVE, DETECT


def side(archive: float, detect: list[float], look: float) -> SimpleNamespace:
    """A side with two turns of the same batches."""
    turns = {ARCHIVE: {1: [archive], 2: [archive]}, DETECT: {1: detect, 2: detect}}
    return SimpleNamespace(batches=turns.__getitem__, looks={1: [look], 2: [look]})


def test_long_is_compared_with_short_and_the_spread_is_of_detection_on_the_young_table() -> None:
    young = side(40.0, [100.0] * 97 + [300.0] * 4, 5.0)
    old = side(50.0, [110.0] * 101, 6.0)
    assert figures(young, old) == {
        "detect_batch_p99_over_p50": 3.0,
        "archive_batch_long_over_short": 1.25,
        "archive_batch_short_ms": 40.0,
        "archive_batch_long_ms": 50.0,
        "detect_batch_long_over_short": 1.1,
        "detect_batch_short_ms": 100.0,
        "detect_batch_long_ms": 110.0,
        "read_long_over_short": 1.2,
        "read_short_ms": 5.0,
        "read_long_ms": 6.0,
    }
