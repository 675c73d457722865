"""The tables of the batch layer: candidates, what was published of them, and why. Standard library only."""

from __future__ import annotations

from typing import Final

from lake.contracts.camera_hour import LATE_AFTER_S, STANDS_FOR_S, UNKNOWN_CAMERA
from lake.schema.table import Table

HOUR: Final = "hour TIMESTAMP COMMENT 'UTC, start of the hour in which it was observed'"
CAMERA: Final = f"camera_id STRING COMMENT 'camera; {UNKNOWN_CAMERA} for records that name none'"
HOUR_DAY: Final = "day DATE COMMENT 'UTC day of the hour, the partition'"
HOUR_NAMED: Final = {"hour_is_named": "hour IS NOT NULL AND camera_id IS NOT NULL AND day IS NOT NULL"}

SEEN_OBJECTS: Final = f"""
{HOUR},
{CAMERA},
observed_at TIMESTAMP COMMENT 'UTC, when the picture was taken, by a clock that was checked',
frame_id STRING COMMENT 'the frame it was seen on',
object_number INT COMMENT 'position among the objects of its frame, from 0',
label STRING COMMENT 'what it is, in the words of the model',
score FLOAT COMMENT '0..1, how sure the model is; at least 0.2',
ymin FLOAT COMMENT 'upper edge, 0..1 of the height',
xmin FLOAT COMMENT 'left edge, 0..1 of the width',
ymax FLOAT COMMENT 'lower edge, 0..1 of the height',
xmax FLOAT COMMENT 'right edge, 0..1 of the width',
sector_v STRING COMMENT 'top, middle or bottom',
sector_h STRING COMMENT 'left, center or right',
clock_skewed BOOLEAN COMMENT 'true where observed_at had to be corrected',
topic STRING COMMENT 'Kafka topic of the frame',
topic_id STRING COMMENT 'UUID of the topic',
partition INT COMMENT 'Kafka partition of the frame',
offset BIGINT COMMENT 'Kafka offset of the frame',
appended_at TIMESTAMP COMMENT 'UTC, when the broker appended the frame',
layer STRING COMMENT 'which layer analysed it: speed, batch or promoted',
run_id STRING COMMENT 'detector run, see detector_runs',
finished_at TIMESTAMP COMMENT 'UTC, when the outcome was known',
{HOUR_DAY}"""

CAMERA_HOURS_COLUMNS: Final = f"""
{HOUR},
{CAMERA},
received BIGINT COMMENT 'distinct records in frames or detections, replays left out',
analysed BIGINT COMMENT 'records whose current status is detected, duplicates left out',
analysed_live BIGINT COMMENT 'of these, by the speed layer',
analysed_batch BIGINT COMMENT 'of these, by the batch layer or a promoted run',
analysed_by_minute ARRAY<BIGINT> COMMENT 'of the analysed, those observed in each of its 60 minutes',
skipped_stale BIGINT COMMENT 'records that no layer analysed: too old when they came',
skipped_superseded BIGINT COMMENT 'records that no layer analysed: a newer one came at once',
corrupt BIGINT COMMENT 'records whose picture cannot be decoded',
too_large BIGINT COMMENT 'records whose picture is too large',
malformed BIGINT COMMENT 'records that are no frame',
failed BIGINT COMMENT 'records that ended or hung their worker, or that the model refused',
pending BIGINT COMMENT 'records in frames without any outcome yet',
duplicates BIGINT COMMENT 'records analysed whose frame_id came before; they do not count',
gated BIGINT COMMENT 'pictures taken and not sent since nothing moved, by notices; null where none told',
late BIGINT COMMENT 'records appended more than {LATE_AFTER_S // 60} minutes after the end of the hour',
clock_skewed BIGINT COMMENT 'records whose observed_at had to be corrected',
objects BIGINT COMMENT 'objects with score >= 0.2 on the analysed frames',
seconds_observed DOUBLE COMMENT 'seconds: an analysed frame stands until the next, at most {STANDS_FOR_S} s',
latency_p50_s DOUBLE COMMENT 'median seconds from observation to live outcome; null without live frames',
latency_p95_s DOUBLE COMMENT '95th percentile of the same',
frame_rows BIGINT COMMENT 'rows of frames counted; with detection_rows it finds late rows',
detection_rows BIGINT COMMENT 'rows of detections that were counted',
from_stored_coverage BOOLEAN COMMENT 'true where frames are past retention: coverage as stored before',
counted_at TIMESTAMP COMMENT 'UTC, when it was counted',
run_id STRING COMMENT 'run that counted it',
{HOUR_DAY}"""

BINNED: Final = """label STRING COMMENT 'what was seen',
sector_v STRING COMMENT 'top, middle or bottom',
sector_h STRING COMMENT 'left, center or right',
score_bin DOUBLE COMMENT 'lower edge of a bin of 0.05; answers thresholds that are its multiples',
object_count BIGINT COMMENT 'objects'"""


def _of_hours(name: str, comment: str, ddl: str, **checks: str) -> Table:
    """Return a table of hours and cameras, partitioned by day."""
    return Table(name, comment, ddl, partitioned_by=("day",), checks={**HOUR_NAMED, **checks})


OBJECTS_CANDIDATE: Final = _of_hours(
    name="objects_candidate",
    comment="One row per object of a recounted hour, before its audit",
    ddl=SEEN_OBJECTS,
)
CAMERA_HOURS_CANDIDATE: Final = _of_hours(
    name="camera_hours_candidate",
    comment="One row per recounted hour and camera, before its audit: what came in, and what became of it",
    ddl=CAMERA_HOURS_COLUMNS,
)
PUBLISHED_OBJECTS: Final = _of_hours(
    name="published_objects",
    comment="One row per object of a published hour and camera",
    ddl=SEEN_OBJECTS,
)
CAMERA_HOURS: Final = _of_hours(
    name="camera_hours",
    comment="One row per published hour and camera: what came in, and what became of it",
    ddl=CAMERA_HOURS_COLUMNS,
)
MINUTE_COUNTS: Final = _of_hours(
    name="minute_counts",
    comment="Objects per minute, camera, label, sector, score bin and position of the published hours",
    ddl=f"""minute TIMESTAMP COMMENT 'UTC, start of the minute of observation',
{HOUR},
{CAMERA},
{BINNED},
{HOUR_DAY},
cell INT COMMENT 'where the centre of the box lies on a grid of 18 rows and 32 columns: 32 * row + column'""",
)
HOURLY_COUNTS: Final = _of_hours(
    name="hourly_counts",
    comment="Objects per hour, camera, label, sector and score bin of the published hours",
    ddl=f"""{HOUR},
{CAMERA},
{BINNED},
{HOUR_DAY}""",
)
PUBLICATIONS: Final = _of_hours(
    name="publications",
    comment="What was decided about an hour and camera; rows are only added, the newest decision counts",
    ddl=f"""{HOUR},
{CAMERA},
state STRING COMMENT 'open: a candidate was counted; published or held: it was audited',
objects_candidate_version BIGINT COMMENT 'Delta version of objects_candidate it speaks of',
camera_hours_candidate_version BIGINT COMMENT 'Delta version of camera_hours_candidate',
published_objects_version BIGINT COMMENT 'Delta version of published_objects; null unless published',
reasons ARRAY<STRING> COMMENT 'one sentence for each critical expectation that failed; null unless held',
run_id STRING COMMENT 'run that decided',
decided_at TIMESTAMP COMMENT 'UTC',
{HOUR_DAY}""",
    state_is_known="state IN ('open', 'published', 'held')",
)
QUALITY_RESULTS: Final = _of_hours(
    name="quality_results",
    comment="One row per expectation, hour, camera and run of its audit",
    ddl=f"""run_id STRING COMMENT 'run of the audit',
{HOUR},
{CAMERA},
expectation STRING COMMENT 'short unique name of the expectation',
subject STRING COMMENT 'what was looked at: frames, detections, objects_candidate or camera_hours_candidate',
severity STRING COMMENT 'critical holds the hour, warning only warns',
success BOOLEAN COMMENT 'whether no row of this hour and camera fell short',
checked BIGINT COMMENT 'rows looked at',
unexpected BIGINT COMMENT 'rows that fell short',
observed STRING COMMENT 'some of the values that fell short, for people',
sentence STRING COMMENT 'what is expected, as a sentence',
objects_candidate_version BIGINT COMMENT 'Delta version that was looked at',
camera_hours_candidate_version BIGINT COMMENT 'Delta version that was looked at',
checked_at TIMESTAMP COMMENT 'UTC',
{HOUR_DAY}""",
    severity_is_known="severity IN ('critical', 'warning')",
)
BROKER_HOURS: Final = Table(
    name="broker_hours",
    comment="Offsets that the broker appended within each closed hour of its clock, as it says itself",
    ddl="""hour TIMESTAMP COMMENT 'UTC, start of the hour of the append times',
topic STRING COMMENT 'Kafka topic',
topic_id STRING COMMENT 'UUID of the topic',
partition INT COMMENT 'Kafka partition',
from_offset BIGINT COMMENT 'first offset of the hour; the to_offset of the hour before, or 0',
to_offset BIGINT COMMENT 'first offset after the hour',
read_at TIMESTAMP COMMENT 'UTC, when the broker was asked'""",
    checks={"range_is_named": "hour IS NOT NULL AND topic IS NOT NULL AND to_offset >= from_offset"},
)
MAINTENANCE_REPORTS: Final = Table(
    name="maintenance_reports",
    comment="One row per table and piece of maintenance",
    ddl="""run_id STRING COMMENT 'run of the maintenance',
table_name STRING COMMENT 'table it was done to',
work STRING COMMENT 'optimize, vacuum_lite, vacuum_full or retention',
scope STRING COMMENT 'the days or condition it was done to, for people',
dry_run BOOLEAN COMMENT 'true where it was only reported what would be done',
files_before BIGINT COMMENT 'files of the current version before',
files_after BIGINT COMMENT 'and after',
bytes_before BIGINT COMMENT 'bytes of these files before',
bytes_after BIGINT COMMENT 'and after',
removed BIGINT COMMENT 'rows (retention) or files (vacuum) removed; null where unknown',
error STRING COMMENT 'why it could not be done; null when it was',
started_at TIMESTAMP COMMENT 'UTC',
finished_at TIMESTAMP COMMENT 'UTC'""",
    checks={"work_is_named": "table_name IS NOT NULL AND work IS NOT NULL"},
)

BATCH_TABLES: Final = (
    OBJECTS_CANDIDATE,
    CAMERA_HOURS_CANDIDATE,
    PUBLISHED_OBJECTS,
    MINUTE_COUNTS,
    HOURLY_COUNTS,
    CAMERA_HOURS,
    PUBLICATIONS,
    QUALITY_RESULTS,
    BROKER_HOURS,
    MAINTENANCE_REPORTS,
)
