"""Aggregate hours: frames and outcomes in, objects and coverage out, by the rule of `counting`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.contracts.camera_hour import CAMERA_HOUR, camera_of_row, days_near, hour_of_row
from lake.contracts.hours import HOUR, Scope
from lake.contracts.wire_format import rfc3339
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE
from lake.schema.schemas import DETECTIONS
from lake.views.counting import (
    FATES,
    ROW_COLUMNS,
    camera_hours,
    cell,
    objects_seen,
    score_bin,
    with_analyses,
)
from lake.views.current_detections import current_detections

KEPT_COLUMNS: Final = ("received", "gated", "late", "clock_skewed", "frame_rows")
"""Columns that keep the stored count where fewer rows are left to count."""


def with_hour(rows: DataFrame) -> DataFrame:
    """Add `hour` (UTC) to rows of frames or detections, and a name for cameras that have none."""
    named = {"hour": F.expr(hour_of_row("r")), "camera_id": F.expr(camera_of_row("r"))}
    return rows.alias("r").withColumns(named)


def of_scope(rows: DataFrame, scope: Scope) -> DataFrame:
    """Select the rows of the scope that enter reports, with `hour`."""
    first, last = scope.hours[0], scope.hours[-1] + HOUR
    # Repeats the scope's condition in a form that lets files be skipped.
    span = f"observed_at >= TIMESTAMP '{rfc3339(first)}' AND observed_at < TIMESTAMP '{rfc3339(last)}'"
    return with_hour(rows.where(span).where("replay_id IS NULL")).where(scope.where())


def current_of_scope(detections: DataFrame, scope: Scope) -> DataFrame:
    """Return the current detections of the scope, with `hour`: one row per record.

    Rows elsewhere that name one of its frames help to find duplicates, without their objects.
    """
    inside = F.coalesce(F.expr(scope.where()), F.lit(False))
    near = with_hour(detections.where(_near(scope)))
    own = near.where(inside)
    outside = near.where(~inside).withColumn("objects", F.lit(None).cast(own.schema["objects"].dataType))
    twins = outside.join(own.select("frame_id").distinct(), "frame_id", "left_semi")
    rows = own.select(*DETECTIONS.columns).unionByName(twins.select(*DETECTIONS.columns))
    sql = current_detections(with_analyses("{rows}"))
    return of_scope(detections.sparkSession.sql(sql, rows=rows), scope)


def _near(scope: Scope) -> str:
    """Return a condition for the days of the scope and those around."""
    days = days_near(hour.date() for hour in scope.hours)
    return "day IN (" + ", ".join(f"DATE '{day}'" for day in days) + ")"


def objects_of(current: DataFrame) -> DataFrame:
    """Return one row of `objects_candidate` per object of the frames that count."""
    return current.sparkSession.sql(objects_seen("{current}"), current=current)


def coverage(frames: DataFrame, current: DataFrame, gated: DataFrame) -> DataFrame:
    """Count records by hour and camera: the measured columns of `camera_hours_candidate`.

    Args:
        frames: frames of the scope, with `hour`.
        current: current detections of the scope, with `hour` and `analyses`.
        gated: hour, camera and number of the pictures that were not sent.
    """
    sql = camera_hours("{frames}", "{current}")
    counted = frames.sparkSession.sql(sql, frames=frames.select(*ROW_COLUMNS), current=current).drop("day")
    return counted.join(F.broadcast(gated), [*CAMERA_HOUR], "left")


def with_stored_coverage(counted: DataFrame, stored: DataFrame) -> DataFrame:
    """Complete the counts by stored ones where the frames are past retention.

    There, records that only frames held are known from the stored row alone: `received` stays, and what
    detections no longer explain of it is `pending`. Without detections the whole row stays, and `is_kept`.

    Args:
        counted: result of `coverage`.
        stored: previous rows of `camera_hours_candidate` or `camera_hours`, one per hour and camera.
    """
    measured = [name for name in counted.columns if name not in CAMERA_HOUR]
    old = stored.select(*CAMERA_HOUR, *(F.col(name).alias(f"old_{name}") for name in measured))
    both = counted.join(old, [*CAMERA_HOUR], "full").withColumn("from_stored_coverage", _frames_are_gone())
    both = both.where("received IS NOT NULL OR from_stored_coverage")
    both = both.withColumn("is_kept", F.col("received").isNull())
    lasting = {name: _at_least_as_stored(name) for name in KEPT_COLUMNS}
    chosen = {
        name: F.when(F.col("is_kept"), F.col(f"old_{name}")).otherwise(F.col(name)) for name in measured
    }
    done = both.withColumns({**chosen, **lasting})
    fates = {"analysed", *FATES} - {"pending"}
    explained = sum((F.col(name) for name in sorted(fates)), F.lit(0))
    pending = F.when(F.col("from_stored_coverage"), F.col("received") - explained)
    return done.withColumn("pending", F.coalesce(pending, "pending")).drop(*old.columns[len(CAMERA_HOUR) :])


def _frames_are_gone() -> Column:
    """Return a condition that frames were counted once and none is left."""
    return F.expr("coalesce(old_frame_rows, 0) > 0 AND coalesce(frame_rows, 0) = 0")


def _at_least_as_stored(name: str) -> Column:
    return F.when(F.col("from_stored_coverage"), F.greatest(name, f"old_{name}")).otherwise(F.col(name))


def as_camera_hours(covered: DataFrame, run_id: str, counted_at: datetime) -> DataFrame:
    """Convert coverage to rows of `camera_hours_candidate`, and `is_kept`."""
    columns = {"run_id": F.lit(run_id), "counted_at": F.lit(counted_at), "day": F.to_date("hour")}
    return covered.withColumns(columns).select(*CAMERA_HOURS_CANDIDATE.columns, "is_kept")


def count_by_minute(objects: DataFrame) -> DataFrame:
    """Count objects to rows of `minute_counts`."""
    placed = {"minute": F.date_trunc("minute", "observed_at"), "cell": F.expr(cell())}
    return _binned(objects.withColumns(placed), "minute", *CAMERA_HOUR, "cell")


def count_by_hour(objects: DataFrame) -> DataFrame:
    """Count objects to rows of `hourly_counts`."""
    return _binned(objects, *CAMERA_HOUR)


def _binned(objects: DataFrame, *by: str) -> DataFrame:
    """Count objects by label, sector and score bin, and by the columns named."""
    keys: Sequence[str] = (*by, "label", "sector_v", "sector_h", "score_bin", "day")
    binned = objects.withColumn("score_bin", F.expr(score_bin("score")))
    return binned.groupBy(*keys).agg(F.count("*").alias("object_count"))
