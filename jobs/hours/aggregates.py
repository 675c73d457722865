"""What an hour holds: frames and outcomes in, objects and coverage out, by the rule of `counting`."""

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
"""What stays as it was counted once, where there is less left to count."""


def with_hour(rows: DataFrame) -> DataFrame:
    """Rows of frames or detections with their `hour` (UTC), and a name for cameras that have none."""
    named = {"hour": F.expr(hour_of_row("r")), "camera_id": F.expr(camera_of_row("r"))}
    return rows.alias("r").withColumns(named)


def of_scope(rows: DataFrame, scope: Scope) -> DataFrame:
    """Rows of the scope that enter reports, with `hour`."""
    first, last = scope.hours[0], scope.hours[-1] + HOUR
    # What the scope says already, in words that let files be skipped.
    span = f"observed_at >= TIMESTAMP '{rfc3339(first)}' AND observed_at < TIMESTAMP '{rfc3339(last)}'"
    return with_hour(rows.where(span).where("replay_id IS NULL")).where(scope.where())


def current_of_scope(detections: DataFrame, scope: Scope) -> DataFrame:
    """The current detections of the scope, with `hour`: one row per record.

    Rows elsewhere that name one of its frames take part in what is a duplicate, without their objects.
    """
    inside = F.coalesce(F.expr(scope.where()), F.lit(False))
    near = with_hour(detections.where(_near(scope)))
    own = near.where(inside)
    others = near.where(~inside).withColumn("objects", F.lit(None).cast(own.schema["objects"].dataType))
    twins = others.join(own.select("frame_id").distinct(), "frame_id", "left_semi")
    rows = own.select(*DETECTIONS.columns).unionByName(twins.select(*DETECTIONS.columns))
    sql = current_detections(with_analyses("{rows}"))
    return of_scope(detections.sparkSession.sql(sql, rows=rows), scope)


def _near(scope: Scope) -> str:
    """Days of the scope and those around, as a condition."""
    days = days_near(hour.date() for hour in scope.hours)
    return "day IN (" + ", ".join(f"DATE '{day}'" for day in days) + ")"


def objects_of(current: DataFrame) -> DataFrame:
    """One row per object of the frames that count, as rows of `objects_candidate`."""
    return current.sparkSession.sql(objects_seen("{current}"), current=current)


def coverage(frames: DataFrame, current: DataFrame, gated: DataFrame) -> DataFrame:
    """Records by hour and camera: the measured columns of `camera_hours_candidate`.

    Args:
        frames: frames of the scope, with `hour`.
        current: current detections of the scope, with `hour` and `analyses`.
        gated: hour, camera and number of the pictures that were not sent.
    """
    sql = camera_hours("{frames}", "{current}")
    counted = frames.sparkSession.sql(sql, frames=frames.select(*ROW_COLUMNS), current=current).drop("day")
    return counted.join(F.broadcast(gated), [*CAMERA_HOUR], "left")


def with_stored_coverage(counted: DataFrame, stored: DataFrame) -> DataFrame:
    """What was counted, completed by what was stored where the frames are past retention.

    There, records that only frames held are known from the stored row alone: `received` stays, and what
    detections no longer explain of it is `pending`. Without detections the whole row stays, and `is_kept`.

    Args:
        counted: what `coverage` gave.
        stored: rows of `camera_hours_candidate` or `camera_hours` as they were, one per hour and camera.
    """
    measured = [name for name in counted.columns if name not in CAMERA_HOUR]
    old = stored.select(*CAMERA_HOUR, *(F.col(name).alias(f"old_{name}") for name in measured))
    both = counted.join(old, [*CAMERA_HOUR], "full").withColumn("from_stored_coverage", _frames_are_gone())
    both = both.where("received IS NOT NULL OR from_stored_coverage")
    both = both.withColumn("is_kept", F.col("received").isNull())
    lasting = {name: _at_least_as_stored(name) for name in KEPT_COLUMNS}
    rest = {name: F.when(F.col("is_kept"), F.col(f"old_{name}")).otherwise(F.col(name)) for name in measured}
    done = both.withColumns({**rest, **lasting})
    others = {"analysed", *FATES} - {"pending"}
    explained = sum((F.col(name) for name in sorted(others)), F.lit(0))
    pending = F.when(F.col("from_stored_coverage"), F.col("received") - explained)
    return done.withColumn("pending", F.coalesce(pending, "pending")).drop(*old.columns[len(CAMERA_HOUR) :])


def _frames_are_gone() -> Column:
    """Whether frames were counted once and none is left."""
    return F.expr("coalesce(old_frame_rows, 0) > 0 AND coalesce(frame_rows, 0) = 0")


def _at_least_as_stored(name: str) -> Column:
    return F.when(F.col("from_stored_coverage"), F.greatest(name, f"old_{name}")).otherwise(F.col(name))


def as_camera_hours(covered: DataFrame, run_id: str, counted_at: datetime) -> DataFrame:
    """Coverage as rows of `camera_hours_candidate`, and `is_kept`."""
    said = {"run_id": F.lit(run_id), "counted_at": F.lit(counted_at), "day": F.to_date("hour")}
    return covered.withColumns(said).select(*CAMERA_HOURS_CANDIDATE.columns, "is_kept")


def count_by_minute(objects: DataFrame) -> DataFrame:
    """Rows of `minute_counts`."""
    placed = {"minute": F.date_trunc("minute", "observed_at"), "cell": F.expr(cell())}
    return _binned(objects.withColumns(placed), "minute", *CAMERA_HOUR, "cell")


def count_by_hour(objects: DataFrame) -> DataFrame:
    """Rows of `hourly_counts`."""
    return _binned(objects, *CAMERA_HOUR)


def _binned(objects: DataFrame, *by: str) -> DataFrame:
    """Objects by label, sector and score bin, and by the columns named."""
    keys: Sequence[str] = (*by, "label", "sector_v", "sector_h", "score_bin", "day")
    binned = objects.withColumn("score_bin", F.expr(score_bin("score")))
    return binned.groupBy(*keys).agg(F.count("*").alias("object_count"))
