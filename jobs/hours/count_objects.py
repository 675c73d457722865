"""Recount hours from frames and detections into `objects_candidate` and `camera_hours_candidate`.

Exactly the hours and cameras named are replaced, so that it may run any number of times, in any order,
and twice at once.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.harness.arguments import BatchArguments, scoped_parser
from jobs.harness.process import open_batch_session, run_job
from jobs.harness.settings import BatchSettings
from jobs.hours.aggregates import (
    as_camera_hours,
    coverage,
    current_of_scope,
    objects_of,
    of_scope,
    with_stored_coverage,
)
from jobs.hours.publications import Decision, record_decisions, where_pairs
from lake.accounting.suppressed_hours import GATED_DDL, gated_of_scope
from lake.config.sources import load_configuration
from lake.contracts.camera_hour import CAMERA_HOUR, CameraHour
from lake.contracts.clock import utc_now
from lake.contracts.hours import Candidate, Scope, format_hour
from lake.contracts.sentences import count_noun
from lake.schema.batch_schemas import (
    CAMERA_HOURS,
    CAMERA_HOURS_CANDIDATE,
    OBJECTS_CANDIDATE,
    PUBLISHED_OBJECTS,
)
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.schema.table import Table
from lake.spark.catalog import check_lake
from lake.storage.tables import Lake, retry_on_conflict

PROGRAM = "jobs.hours.count_objects"

log = logging.getLogger("count_objects")


@dataclass(frozen=True, slots=True)
class Recount:
    """The recount of a scope, not yet written.

    Attributes:
        objects: rows of `objects_candidate`, not yet computed.
        camera_hours: rows of `camera_hours_candidate`, sorted by hour and camera.
    """

    objects: DataFrame
    camera_hours: pa.Table

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Coverage as plain values; times have their zone."""
        rows: list[dict[str, Any]] = self.camera_hours.to_pylist()
        return rows

    def sentences(self, scope: Scope) -> list[str]:
        """Describe the recount for people, one sentence for each hour."""
        return [self._sentence(hour) for hour in scope.hours]

    def _sentence(self, hour: datetime) -> str:
        rows = [row for row in self.rows if row["hour"] == hour]
        if not rows:
            return f"{format_hour(hour)}: no frames and no detections, nothing to count"
        objects, analysed, received = (
            sum(row[name] for row in rows) for name in ("objects", "analysed", "received")
        )
        stored = sum(row["from_stored_coverage"] for row in rows)
        suffix = f"; coverage of {stored} as stored, since their frames are past retention" if stored else ""
        counts = f"{count_noun(objects, 'object')} on {analysed:,} of {count_noun(received, 'frame')}"
        return f"counted {format_hour(hour)}: {count_noun(len(rows), 'camera')}, {counts}{suffix}"


def run(
    spark: SparkSession,
    lake: Lake,
    scope: Scope,
    run_id: str,
    now: datetime,
    *,
    dry_run: bool = False,
    tell: Callable[[str], None] = log.info,
) -> Candidate:
    """Recount a scope and write the candidate, then record it as open.

    Args:
        spark: the session.
        lake: the tables.
        scope: hours and cameras; their candidates are replaced, by nothing where nothing is left.
        run_id: the run that counts.
        now: UTC, stored as `counted_at` and `decided_at`.
        dry_run: count without writing.
        tell: called with a sentence for each hour.

    Returns:
        The candidate; after a dry run, with the tables' present versions.
    """
    done: list[tuple[Candidate, Recount]] = []
    retry_on_conflict(lambda: done.append(_count_and_write(spark, lake, scope, run_id, now, dry_run)))
    candidate, recount = done[-1]
    for sentence in recount.sentences(scope):
        tell(sentence)
    return candidate


def _count_and_write(
    spark: SparkSession, lake: Lake, scope: Scope, run_id: str, now: datetime, dry_run: bool
) -> tuple[Candidate, Recount]:
    with open_recount(spark, lake, scope, run_id, now) as recount:
        if dry_run:
            versions = lake.version(OBJECTS_CANDIDATE), lake.version(CAMERA_HOURS_CANDIDATE)
            return Candidate(scope, *versions), recount
        candidate = _write(spark, lake, scope, recount)
        record_decisions(lake.root, candidate, _open_decisions(recount), run_id, now)
        return candidate, recount


def _write(spark: SparkSession, lake: Lake, scope: Scope, recount: Recount) -> Candidate:
    where = scope.where()
    camera_hours = spark.createDataFrame(recount.camera_hours)
    objects_version = lake.replace(recount.objects, OBJECTS_CANDIDATE, where)
    return Candidate(scope, objects_version, lake.replace(camera_hours, CAMERA_HOURS_CANDIDATE, where))


def _open_decisions(recount: Recount) -> list[Decision]:
    return [Decision((row["hour"], row["camera_id"]), "open") for row in recount.rows]


@contextmanager
def open_recount(
    spark: SparkSession, lake: Lake, scope: Scope, run_id: str, now: datetime
) -> Iterator[Recount]:
    """Recount a scope from the tables' present versions.

    Versions are fixed, so that objects and coverage are counted from the same rows.
    """
    frames, detections = (lake.read(spark, table, lake.version(table)) for table in (FRAMES, DETECTIONS))
    current = current_of_scope(detections, scope).persist()
    try:
        stored = StoredScope.read(spark, lake, scope)
        gated = spark.createDataFrame(gated_of_scope(lake.root, scope), GATED_DDL)
        counts = coverage(of_scope(frames, scope), current, gated)
        covered = with_stored_coverage(counts, stored.camera_hours)
        coverage_rows = (
            as_camera_hours(covered, run_id, now)
            .toArrow()
            .sort_by([(name, "ascending") for name in CAMERA_HOUR])
        )
        kept = [(row["hour"], row["camera_id"]) for row in coverage_rows.to_pylist() if row["is_kept"]]
        objects = objects_of(current)
        yield Recount(
            objects.unionByName(stored.objects_of(kept)) if kept else objects,
            coverage_rows.drop_columns("is_kept"),
        )
    finally:
        current.unpersist()


@dataclass(frozen=True, slots=True)
class StoredScope:
    """Stored rows of a scope: of the newest candidate, else as published."""

    camera_hours: DataFrame
    objects: DataFrame

    @classmethod
    def read(cls, spark: SparkSession, lake: Lake, scope: Scope) -> Self:
        """Read the scope at fixed versions, since the same tables are about to be replaced."""

        def stored(table: Table) -> DataFrame:
            return lake.read(spark, table, lake.version(table)).where(scope.where())

        candidates, published = stored(CAMERA_HOURS_CANDIDATE), stored(CAMERA_HOURS)
        objects = stored(PUBLISHED_OBJECTS).join(candidates, [*CAMERA_HOUR], "left_anti")
        return cls(
            candidates.unionByName(published.join(candidates, [*CAMERA_HOUR], "left_anti")),
            stored(OBJECTS_CANDIDATE).unionByName(objects),
        )

    def objects_of(self, about: Sequence[CameraHour]) -> DataFrame:
        """Select the stored objects of some hours and cameras."""
        return self.objects.where(where_pairs(about))


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Count the hours named; return the exit status."""
    args = BatchArguments.parse(scoped_parser(PROGRAM, "Recount hours into the candidate tables."), argv)

    def job() -> int:
        settings = BatchSettings.from_env(env)
        check_lake(settings.shared)
        spark = open_batch_session(env, "count_objects", settings)
        lake = Lake(settings.shared.lake)
        run(spark, lake, args.scope, args.run_id, utc_now(), dry_run=args.dry_run)
        return 0

    return run_job(env, job)


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
