"""Kafka records to frames: what a record says about itself, without touching the picture.

`describe_records` is the only place that decides what a frame's camera, times and problems are; the
speed layer and the archive both use it, so that they can never disagree.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.contracts import CAMERA_ID, FRAME_SCHEMA

LEGACY = "legacy"
MINUTE, HOUR = 60_000_000, 3_600_000_000  # microseconds
CLOCK_TOLERANCE = 5 * MINUTE
"""An agent whose clock differs by more from the broker's is not believed."""
LONGEST_WAIT = 48 * HOUR
"""A picture cannot be older than this when it reaches the broker."""
CAMERA_YEARS = (1970, 2199)
"""A clock without a battery says 1970; beyond these no program can be trusted with the date."""
RFC_3339 = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$"
ZONED = r"(Z|[+-]\d\d:?\d\d)$"
LEGACY_DDL = "camera_id STRING, timestamp STRING"

METADATA = (
    "topic", "topic_id", "partition", "offset", "appended_at", "camera_id", "frame_id", "captured_at",
    "sent_at", "observed_at", "clock_skewed", "replay_id", "format", "session", "sequence", "width",
    "height", "motion", "client_timestamp", "problem", "bytes",
)  # fmt: skip
"""Columns that `describe_records` adds or keeps beside key, value and headers."""


def describe_records(records: DataFrame, topic_id: str, zone: str) -> DataFrame:
    """Add the METADATA columns to Kafka records.

    Args:
        records: the columns of Spark's Kafka source, headers included.
        topic_id: UUID of the topic they come from.
        zone: the site's time zone, in which zone-less times of old clients are read.

    Returns:
        The records with METADATA; `problem` says in one sentence why a record cannot be a frame, else null.
    """
    named = records.withColumnRenamed("timestamp", "appended_at").withColumns(_as_it_says(topic_id))
    timed = named.withColumns(_times(zone)).withColumns(_observation())
    return timed.withColumns({
        "problem": _problem(),
        "camera_id": F.when(_camera_allowed(), F.col("camera_id")),
    })  # fmt: skip


def _header(name: str) -> Column:
    """The header as text; null when it is missing or no UTF-8."""
    return F.expr(f"try_validate_utf8(cast(get(filter(headers, h -> h.key = '{name}'), 0).value AS STRING))")


def _as_it_says(topic_id: str) -> dict[str, Column]:
    agent = _header("schema") == FRAME_SCHEMA
    legacy = F.expr("substring(value, 1, 1) = X'7B'") & F.coalesce(F.size("headers"), F.lit(0)).isin(-1, 0)
    kind = F.when(agent, FRAME_SCHEMA).when(legacy, LEGACY)
    old = F.when(legacy, F.from_json(F.expr("try_validate_utf8(cast(value AS STRING))"), LEGACY_DDL))
    key = F.expr("try_validate_utf8(cast(key AS STRING))")
    frame_id = _header("frame_id")
    return {
        "topic_id": F.lit(topic_id),
        "bytes": F.coalesce(F.octet_length("value"), F.lit(0)).cast("long"),
        "format": kind,
        "camera_id": F.when(agent, key).otherwise(old["camera_id"]),
        "client_timestamp": old["timestamp"],
        "frame_id": F.when(frame_id.rlike("^[!-~]{1,200}$"), frame_id).otherwise(_record_name()),
        "said_captured": F.when(agent, _header("captured_at")).otherwise(old["timestamp"]),
        "said_sent": _header("sent_at"),
        "session": F.left(_header("session"), F.lit(64)),
        "sequence": _header("sequence").try_cast("long"),
        "width": _header("width").try_cast("int"),
        "height": _header("height").try_cast("int"),
        "motion": _header("motion").try_cast("double"),
        "replay_id": F.left(_header("replay_id"), F.lit(64)),
    }


def _record_name() -> Column:
    return F.concat_ws("/", "topic", "partition", "offset", F.unix_micros("appended_at"))


def _moment(said: str, zone: str) -> Column:
    """The text as a moment; zone-less text is read in the site's zone; null when no camera can mean it."""
    moment = F.when(F.col(said).rlike(RFC_3339), F.col(said).try_cast("timestamp"))
    zoned = F.col(said).rlike(ZONED)
    utc = F.when(zoned, moment).otherwise(F.to_utc_timestamp(moment, zone))
    return F.when(F.year(utc).between(*CAMERA_YEARS), utc)


def _times(zone: str) -> dict[str, Column]:
    return {"captured_at": _moment("said_captured", zone), "sent_at": _moment("said_sent", "UTC")}


def _observation() -> dict[str, Column]:
    """`observed_at` and `clock_skewed`, by the rule "Observed at" of the design.

    An agent within 5 minutes of the broker's clock is believed. Otherwise only the time that its picture
    waited is: both ends of it were read off the same clock. What then lies outside the last 48 hours or
    more than 5 minutes ahead is no time at all, and the append time stands.
    """
    appended, captured, sent = (F.unix_micros(name) for name in ("appended_at", "captured_at", "sent_at"))
    believed = (F.col("format") == LEGACY) | (F.abs(appended - sent) <= CLOCK_TOLERANCE)
    said = F.when(believed, captured).otherwise(appended - (sent - captured))
    possible = said.between(appended - LONGEST_WAIT, appended + CLOCK_TOLERANCE)
    return {
        "observed_at": F.timestamp_micros(F.when(possible, said).otherwise(appended)),
        "clock_skewed": ~F.coalesce(possible & believed, F.lit(False)),
    }


def _camera_allowed() -> Column:
    return F.coalesce(F.col("camera_id").rlike(CAMERA_ID.pattern), F.lit(False))


def _problem() -> Column:
    """The first thing that keeps a record from being a frame, as a sentence."""
    agent = F.col("format") == FRAME_SCHEMA
    return (
        F.when(F.col("format").isNull(), "neither headers of frame/1 nor JSON of the first version")
        .when(~_camera_allowed(), F.concat(F.lit("camera id is not allowed: "), _shown("camera_id")))
        .when(
            F.col("captured_at").isNull(), F.concat(F.lit("captured at no time: "), _shown("said_captured"))
        )
        .when(agent & F.col("sent_at").isNull(), F.concat(F.lit("sent at no time: "), _shown("said_sent")))
    )


def _shown(name: str) -> Column:
    return F.coalesce(F.left(name, F.lit(80)), F.lit("missing, or not UTF-8"))
