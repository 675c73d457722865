"""What an hour holds: frames and outcomes in, objects and coverage out. Every function is one question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.contracts.hours import HOUR, Scope
from lake.contracts.wire_format import Status, rfc3339
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE, OBJECTS_CANDIDATE, UNKNOWN_CAMERA
from lake.schema.schemas import DETECTIONS
from lake.views.current_detections import RECORD_KEY, current_detections

RESENT_WITHIN: Final = timedelta(days=2)
"""A frame that was sent twice is looked for in days so far from its hour's."""
STANDS_FOR_S: Final = 10
LATE_AFTER: Final = timedelta(minutes=5)
MICROSECONDS: Final = 1_000_000
RECORD: Final = [*RECORD_KEY]
CAMERA_HOUR: Final = ["hour", "camera_id"]
KEPT_COLUMNS: Final = ("received", "gated", "late", "clock_skewed", "frame_rows")
"""What stays as it was counted once, where there is less left to count."""
NOT_ANALYSED: Final = tuple(str(status) for status in Status if status is not Status.DETECTED)


def with_hour(rows: DataFrame) -> DataFrame:
    """Rows of frames or detections with their `hour` (UTC), and a name for cameras that have none."""
    return rows.withColumns({
        "hour": F.date_trunc("hour", "observed_at"),
        "camera_id": F.coalesce("camera_id", F.lit(UNKNOWN_CAMERA)),
    })  # fmt: skip


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
    return of_scope(detections.sparkSession.sql(current_detections("{rows}"), rows=rows), scope)


def _near(scope: Scope) -> str:
    """Days of the scope and those around, as a condition."""
    reach = range(-RESENT_WITHIN.days, RESENT_WITHIN.days + 1)
    days = {(hour + timedelta(days=away)).strftime("%Y-%m-%d") for hour in scope.hours for away in reach}
    return "day IN (" + ", ".join(f"DATE '{day}'" for day in sorted(days)) + ")"


def objects_of(current: DataFrame) -> DataFrame:
    """One row per object of the frames that count, as rows of `objects_candidate`."""
    counted = current.where((F.col("status") == Status.DETECTED) & ~F.col("is_duplicate"))
    one_each = counted.select("*", F.posexplode("objects").alias("object_number", "seen")).drop("objects")
    return one_each.select("*", "seen.*").select(*OBJECTS_CANDIDATE.columns)


def fates(frames: DataFrame, current: DataFrame) -> DataFrame:
    """What became of each record of frames and detections: one row per record, with its `fate`.

    Args:
        frames: frames of the scope, with `hour`.
        current: current detections of the scope, with `hour`.
    """
    outcome = ["status", "layer", "is_duplicate", "finished_at"]
    known = [*RECORD, *CAMERA_HOUR, "observed_at", "clock_skewed"]
    kept = frames.select(*known, F.lit(1).alias("frame_rows"), F.lit(0).alias("objects"))
    seen = current.select(*known, *outcome, F.lit(0).alias("frame_rows"), F.size("objects").alias("objects"))
    both = kept.unionByName(seen, allowMissingColumns=True).groupBy(*RECORD, *CAMERA_HOUR)
    values = [F.max(name).alias(name) for name in ("observed_at", "clock_skewed", *outcome)]
    sums = [F.sum(name).alias(name) for name in ("frame_rows", "objects")]
    return both.agg(*values, *sums).withColumn("fate", _fate())


def _fate() -> Column:
    detected = F.col("status") == Status.DETECTED
    return (
        F.when(F.col("status").isNull(), "pending")
        .when(detected & F.col("is_duplicate"), "duplicates")
        .when(detected, "analysed")
        .otherwise(F.col("status"))
    )


def coverage(records: DataFrame, detections: DataFrame, gated: DataFrame) -> DataFrame:
    """Records by hour and camera: the measured columns of `camera_hours_candidate`.

    Args:
        records: what `fates` gave.
        detections: all rows of detections of the scope, with `hour`, to be counted.
        gated: hour, camera and number of the pictures that were not sent.
    """
    analysed, live = F.col("fate") == "analysed", F.col("layer") == "speed"
    next_seen = F.lead("observed_at").over(Window.partitionBy(*CAMERA_HOUR, "fate").orderBy("observed_at"))
    latency = F.when(analysed & live, _micros("finished_at") - _micros("observed_at")) / MICROSECONDS
    minute = F.minute("observed_at")
    rows = detections.groupBy(*CAMERA_HOUR).agg(F.count("*").alias("detection_rows"))
    timed = records.withColumns({"stands": _stands(next_seen), "latency": latency})
    counted = timed.groupBy(*CAMERA_HOUR).agg(
        F.count("*").alias("received"),
        F.count_if(analysed).alias("analysed"),
        F.count_if(analysed & live).alias("analysed_live"),
        F.count_if(analysed & ~live).alias("analysed_batch"),
        F.array(*(F.count_if(analysed & (minute == number)) for number in range(60))).alias(
            "analysed_by_minute"
        ),
        *(_number_of(fate) for fate in (*NOT_ANALYSED, "pending", "duplicates")),
        F.count_if(F.col("appended_at") > F.col("hour") + F.expr(_interval(HOUR + LATE_AFTER))).alias("late"),
        F.count_if("clock_skewed").alias("clock_skewed"),
        F.sum(F.when(analysed, F.col("objects")).otherwise(0)).alias("objects"),
        # Whole microseconds are summed: the sum of fractions would depend on the order of the rows.
        (F.sum(F.when(analysed, F.col("stands")).otherwise(0)) / MICROSECONDS).alias("seconds_observed"),
        F.percentile("latency", F.lit(0.5)).alias("latency_p50_s"),
        F.percentile("latency", F.lit(0.95)).alias("latency_p95_s"),
        F.sum("frame_rows").alias("frame_rows"),
    )
    joined = counted.join(rows, CAMERA_HOUR, "left").join(F.broadcast(gated), CAMERA_HOUR, "left")
    return joined.withColumn("detection_rows", F.coalesce("detection_rows", F.lit(0)))


def _micros(name: str) -> Column:
    return F.unix_micros(name)


def _number_of(fate: str) -> Column:
    return F.count_if(F.col("fate") == fate).alias(fate)


def _interval(length: timedelta) -> str:
    return f"INTERVAL {int(length.total_seconds())} SECONDS"


def _stands(next_seen: Column) -> Column:
    """Microseconds until the next analysed frame or the hour's end, at most 10 s."""
    end = F.coalesce(next_seen, F.col("hour") + F.expr(_interval(HOUR)))
    return F.least(F.unix_micros(end) - _micros("observed_at"), F.lit(STANDS_FOR_S * MICROSECONDS))


def with_stored_coverage(counted: DataFrame, stored: DataFrame) -> DataFrame:
    """What was counted, completed by what was stored where the frames are past retention.

    There, records that only frames held are known from the stored row alone: `received` stays, and what
    detections no longer explain of it is `pending`. Without detections the whole row stays, and `is_kept`.

    Args:
        counted: what `coverage` gave.
        stored: rows of `camera_hours_candidate` or `camera_hours` as they were, one per hour and camera.
    """
    measured = counted.columns[len(CAMERA_HOUR) :]
    old = stored.select(*CAMERA_HOUR, *(F.col(name).alias(f"old_{name}") for name in measured))
    both = counted.join(old, CAMERA_HOUR, "full").withColumn("from_stored_coverage", _frames_are_gone())
    both = both.where("received IS NOT NULL OR from_stored_coverage")
    both = both.withColumn("is_kept", F.col("received").isNull())
    lasting = {name: _at_least_as_stored(name) for name in KEPT_COLUMNS}
    rest = {name: F.when(F.col("is_kept"), F.col(f"old_{name}")).otherwise(F.col(name)) for name in measured}
    done = both.withColumns({**rest, **lasting})
    others = ("analysed", *NOT_ANALYSED, "duplicates")
    explained = sum((F.col(name) for name in others), F.lit(0))
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


def binned(objects: DataFrame, *by: str) -> DataFrame:
    """Objects by place, label and score bin of 0.05, and by the columns named.

    A score at the edge of a bin is compared as `score >= threshold` compares it: as a double.
    """
    bin_of = F.floor(F.col("score").cast("double") * 20) / 20
    keys: Sequence[str] = (*by, "label", "sector_v", "sector_h", "score_bin", "day")
    return objects.withColumn("score_bin", bin_of).groupBy(*keys).agg(F.count("*").alias("object_count"))


def count_by_minute(objects: DataFrame) -> DataFrame:
    """Rows of `minute_counts`."""
    return binned(objects.withColumn("minute", F.date_trunc("minute", "observed_at")), "minute", *CAMERA_HOUR)


def count_by_hour(objects: DataFrame) -> DataFrame:
    """Rows of `hourly_counts`."""
    return binned(objects, *CAMERA_HOUR)
