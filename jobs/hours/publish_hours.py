"""Publish audited hours: from exactly the versions that were audited, the decision last.

Killed in between, it has changed nothing that a decision refers to, and a rerun gives the same result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession

from jobs.hours.aggregates import count_by_hour, count_by_minute
from jobs.hours.publications import Decision, record_decisions, where_pairs
from lake.contracts.camera_hour import CameraHour
from lake.contracts.hours import Candidate
from lake.schema.batch_schemas import (
    CAMERA_HOURS,
    CAMERA_HOURS_CANDIDATE,
    HOURLY_COUNTS,
    MINUTE_COUNTS,
    OBJECTS_CANDIDATE,
    PUBLISHED_OBJECTS,
)
from lake.schema.table import Table
from lake.storage.tables import Lake, retry_on_conflict


def publish(
    spark: SparkSession,
    lake: Lake,
    candidate: Candidate,
    passed: Sequence[CameraHour],
    run_id: str,
    now: datetime,
) -> None:
    """Publish the hours and cameras that passed their audit.

    Args:
        spark: the session.
        lake: the tables.
        candidate: names the versions that were audited.
        passed: the hours and cameras; all others stay as they are.
        run_id: the run that decided.
        now: UTC, when it was decided.
    """
    if passed:
        retry_on_conflict(lambda: _publish(spark, lake, candidate, passed, run_id, now))


def _publish(
    spark: SparkSession,
    lake: Lake,
    candidate: Candidate,
    passed: Sequence[CameraHour],
    run_id: str,
    now: datetime,
) -> None:
    where = where_pairs(passed)

    def audited(table: Table, version: int) -> DataFrame:
        return lake.read(spark, table, version).where(where)

    objects = audited(OBJECTS_CANDIDATE, candidate.objects_version)
    version = lake.replace(objects, PUBLISHED_OBJECTS, where)
    lake.replace(count_by_minute(objects), MINUTE_COUNTS, where)
    lake.replace(count_by_hour(objects), HOURLY_COUNTS, where)
    camera_hours = audited(CAMERA_HOURS_CANDIDATE, candidate.camera_hours_version)
    lake.replace(camera_hours, CAMERA_HOURS, where)
    published = [Decision(about, "published", published_version=version) for about in passed]
    record_decisions(lake.root, candidate, published, run_id, now)


def hold(
    lake: Lake, candidate: Candidate, held: Mapping[CameraHour, Sequence[str]], run_id: str, now: datetime
) -> None:
    """Record why hours and cameras are not published; what was published of them stays.

    Args:
        lake: the tables.
        candidate: names the versions that were audited.
        held: each hour and camera with a sentence for each reason.
        run_id: the run that decided.
        now: UTC, when it was decided.
    """
    decisions = [Decision(about, "held", reasons=tuple(reasons)) for about, reasons in held.items()]
    record_decisions(lake.root, candidate, decisions, run_id, now)
