"""Hours counted and published again and again, against a recount that shares no code with the jobs."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from benchmarks.support.tables.hour_rows import fill, rows_of
from jobs.hours import count_objects, publish_hours
from lake.contracts.hours import Scope
from lake.schema.batch_schemas import (
    CAMERA_HOURS,
    CAMERA_HOURS_CANDIDATE,
    HOURLY_COUNTS,
    MINUTE_COUNTS,
    PUBLISHED_OBJECTS,
)
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from tests.conftest import at
from tests.jobs.brute_force import Recount, Row
from tests.jobs.random_hours import HOURS, random_hours

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]

NOW = at("06:00", "2026-01-03")
BINS = "camera_id, label, sector_v, sector_h, score_bin, object_count"
SEEN = "hour, camera_id, frame_id, object_number, label, score, layer, run_id"
SEEDS = range(2, 2 + int(os.environ.get("SEEDS", "1")))
"""Each costs some minutes; `make soak` takes more. The first kills in the third, fifth and sixth write."""


class KilledError(RuntimeError):
    """Stands for the end of the process."""


@dataclass
class Killing(Lake):
    """A lake whose user is killed before one of its writes."""

    root: Path
    writes_left: int = 1_000

    def replace(self, *arguments: Any) -> int:
        self.live_on()
        return super().replace(*arguments)

    def replace_rows(self, *arguments: Any) -> int:
        self.live_on()
        return super().replace_rows(*arguments)

    def live_on(self) -> None:
        if self.writes_left == 0:
            raise KilledError
        self.writes_left -= 1


def run(spark: SparkSession, lake: Lake, scope: Scope) -> None:
    """Count, let everything pass, publish."""
    candidate = count_objects.run(spark, lake, scope, "run", NOW)
    where = scope.where()
    sql = f"SELECT hour, camera_id FROM camera_hours_candidate WHERE {where}"
    passed = [(row["hour"], row["camera_id"]) for row in read_rows(lake.root, sql, CAMERA_HOURS_CANDIDATE)]
    publish_hours.publish(spark, lake, candidate, passed, "run", NOW)


def published(root: Path) -> dict[str, Any]:
    """All that is published, run ids and times aside."""
    columns = [name for name in CAMERA_HOURS.columns if name not in ("counted_at", "run_id", "day")]
    coverage = {
        row[:2]: dict(zip(columns[2:], map(_rounded, row[2:]), strict=True))
        for row in rows_of(root, CAMERA_HOURS, ", ".join(columns), "hour, camera_id")
    }
    return {
        "objects": sorted(rows_of(root, PUBLISHED_OBJECTS, SEEN, "1")),
        "minutes": sorted(rows_of(root, MINUTE_COUNTS, f"minute, {BINS}", "1")),
        "hours": sorted(rows_of(root, HOURLY_COUNTS, f"hour, {BINS}", "1")),
        "coverage": coverage,
    }


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def recounted(frames: list[Row], detections: list[Row]) -> dict[str, Any]:
    """The same by brute force, of the hours that are counted."""
    recount = Recount(frames, detections)
    counts = {
        minutes: sorted((*k, n) for k, n in recount.counts(minutes).items()) for minutes in (True, False)
    }
    first, end = HOURS[0], HOURS[-1].replace(minute=59, second=59)
    return {
        "objects": [row for row in recount.objects() if row[0] in HOURS],
        "minutes": [row for row in counts[True] if first <= row[0] <= end],
        "hours": [row for row in counts[False] if row[0] in HOURS],
        "coverage": {cell: row for cell, row in recount.coverage().items() if cell[0] in HOURS},
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_any_runs_in_any_order_publish_what_a_recount_by_brute_force_finds(
    spark: SparkSession, tmp_path: Path, seed: int
) -> None:
    lake, rows, dice = Killing(tmp_path / "lake"), random_hours(seed), random.Random(seed)
    lake.create(spark)
    half = len(rows[1]) // 2
    fill(lake.root, rows[0], rows[1][:half])
    run(spark, lake, Scope(HOURS))
    assert published(lake.root) == recounted(rows[0], rows[1][:half])
    fill(lake.root, [], rows[1][half:])
    for hours, times in dice.sample([(HOURS[:1], 2), (HOURS[:2], 1), (HOURS[2:], 1)], 3):
        lake.writes_left = dice.randint(0, 7)
        for _ in range(times):
            run_to_its_end(spark, lake, Scope(hours))
    assert published(lake.root) == recounted(*rows)


def run_to_its_end(spark: SparkSession, lake: Killing, scope: Scope) -> None:
    """Run; once more where it was killed."""
    try:
        run(spark, lake, scope)
    except KilledError:
        lake.writes_left = 1_000
        run(spark, lake, scope)
