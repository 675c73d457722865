"""Contents of each table: columns with their meaning, partitions, checks. Standard library only."""

from __future__ import annotations

import re
from typing import Final

from lake.contracts.camera_status_message import STATES
from lake.contracts.wire_format import Status
from lake.schema.batch_schemas import BATCH_TABLES
from lake.schema.table import DAY, Table, column_names

RECORD: Final = """
topic STRING COMMENT 'Kafka topic of the frame',
topic_id STRING COMMENT 'UUID the broker gave the topic; a topic made anew has another one',
partition INT COMMENT 'Kafka partition of the frame',
offset BIGINT COMMENT 'Kafka offset of the frame',
appended_at TIMESTAMP COMMENT 'UTC, when the broker appended the frame'"""

ORIGIN: Final = """
camera_id STRING COMMENT 'camera that took the picture; null when the record names none that is allowed',
frame_id STRING COMMENT 'unique id of the frame, from the agent or else from the record',
captured_at TIMESTAMP COMMENT 'UTC, when the picture was taken, by the clock of its agent',
sent_at TIMESTAMP COMMENT 'UTC, when the agent handed it to Kafka, by the clock of the agent',
observed_at TIMESTAMP COMMENT 'UTC, when the picture was taken, by a clock that was checked',
clock_skewed BOOLEAN COMMENT 'true where observed_at had to be corrected',
replay_id STRING COMMENT 'set for replayed frames, which never enter reports'"""
ORIGIN_COLUMNS: Final = tuple(column_names(ORIGIN))
"""What is the same in a frame and its detections, and in the messages between."""

STAGES: Final = """batch_at TIMESTAMP COMMENT 'UTC, time of the micro-batch as Spark stored it',
started_at TIMESTAMP COMMENT 'UTC, when the worker began to decode',
finished_at TIMESTAMP COMMENT 'UTC, when the outcome was known'"""
STAGE_COLUMNS: Final = tuple(column_names(STAGES))

OBJECT: Final = (
    "STRUCT<label: STRING, score: FLOAT, ymin: FLOAT, xmin: FLOAT, ymax: FLOAT, xmax: FLOAT,"
    " sector_v: STRING, sector_h: STRING>"
)
OBJECT_FIELDS: Final = tuple(re.findall(r"(\w+):", OBJECT))

KEYS_PRESENT: Final = {
    "record_is_named": "topic IS NOT NULL AND partition >= 0 AND offset >= 0 AND appended_at IS NOT NULL",
    "day_is_set": "day IS NOT NULL",
}

FRAMES: Final = Table(
    name="frames",
    comment="One row per record on the frames topic: every byte as it came",
    ddl=f"""{RECORD},{ORIGIN},
format STRING COMMENT 'frame/1, legacy (JSON of the first version), or null when it is neither',
session STRING COMMENT 'random id of the agent run',
sequence BIGINT COMMENT 'number of the frame in its session',
width INT COMMENT 'pixels, as the agent says',
height INT COMMENT 'pixels, as the agent says',
motion DOUBLE COMMENT 'share of the picture that moved, 0 to 1, where the agent measured it',
problem STRING COMMENT 'why the metadata cannot be used; null when they can',
headers ARRAY<STRUCT<key: STRING, value: BINARY>> COMMENT 'Kafka headers as they came',
key BINARY COMMENT 'Kafka key as it came',
value BINARY COMMENT 'Kafka value as it came: the picture, or the JSON of the first version',
bytes BIGINT COMMENT 'length of the value',
sha256 STRING COMMENT 'SHA-256 of the value, hexadecimal',
{DAY}""",
    partitioned_by=("day",),
    checks=KEYS_PRESENT,
    properties={
        # Statistics of the bytes would cost much and find nothing.
        "delta.dataSkippingStatsColumns": (
            "topic_id,partition,offset,appended_at,camera_id,frame_id,observed_at"
        ),
    },
)
CONTENT: Final = ("headers", "key", "value", "sha256")
"""Columns of `frames` that hold what came, and its hash; the others say something about it."""

LAYERS: Final = ("speed", "batch", "promoted")

DETECTIONS: Final = Table(
    name="detections",
    comment="One row per record and detector run: what became of the frame, and what was seen on it",
    ddl=f"""{RECORD},{ORIGIN},
layer STRING COMMENT 'speed, batch or promoted',
run_id STRING COMMENT 'detector run, see detector_runs',
status STRING COMMENT 'what became of the record: {", ".join(Status)}',
reason STRING COMMENT 'why it was not detected; null when it was',
objects ARRAY<{OBJECT}> COMMENT 'all objects with score >= 0.2; boxes are 0..1 of the picture',
{STAGES},
{DAY}""",
    partitioned_by=("day",),
    checks={
        **KEYS_PRESENT,
        "status_is_known": f"status IN ({', '.join(repr(str(s)) for s in Status)})",
        "layer_is_known": f"layer IN ({', '.join(map(repr, LAYERS))})",
    },
    properties={
        # Each commit lists the log twice, and there is one every 2 s: with a day's 50,000 entries a batch of
        # archive_detections took 2.6 times as long as in a young log. Nobody looks back in this table.
        "delta.logRetentionDuration": "interval 6 hours",
        "delta.dataSkippingStatsColumns": (
            "topic_id,partition,offset,appended_at,camera_id,frame_id,observed_at,layer,status"
        ),
    },
)

EXPIRED_RANGES: Final = Table(
    name="expired_ranges",
    comment="One row per range of offsets that a query could no longer read",
    ddl="""query STRING COMMENT 'streaming query that missed them',
topic STRING COMMENT 'Kafka topic',
topic_id STRING COMMENT 'UUID of the topic',
partition INT COMMENT 'Kafka partition',
from_offset BIGINT COMMENT 'first offset that was missed',
to_offset BIGINT COMMENT 'first offset after the range',
cause STRING COMMENT 'expired: gone before it was read; recreated: the topic was made anew',
found_at TIMESTAMP COMMENT 'UTC, batch time or start at which it was found'""",
    checks={"range_is_named": "query IS NOT NULL AND topic IS NOT NULL AND to_offset >= from_offset"},
)

DETECTOR_RUNS: Final = Table(
    name="detector_runs",
    comment="One row per run of a detecting job: exactly what was detecting",
    ddl="""run_id STRING COMMENT 'key',
layer STRING COMMENT 'speed, batch or promoted',
engine STRING COMMENT 'what computes the model: litert, tensorflow, or module:factory',
model STRING COMMENT 'name of the model',
model_sha256 MAP<STRING, STRING> COMMENT 'file of the model to its SHA-256',
policy STRING COMMENT 'newest (per camera and batch) or all',
stale_after_s DOUBLE COMMENT 'seconds after which a frame is skipped',
stored_score DOUBLE COMMENT 'objects below it are not stored',
report_threshold DOUBLE COMMENT 'objects below it are not reported',
configuration_sha256 STRING COMMENT 'hash over all of the above: equal hash, equal answers',
started_at TIMESTAMP COMMENT 'UTC'""",
    checks={"run_is_named": "run_id IS NOT NULL"},
)

STREAM_PROGRESS: Final = Table(
    name="stream_progress",
    comment="One row per micro-batch of the streaming application: how much it read, how long it took",
    ddl="""query STRING COMMENT 'streaming query',
batch_id BIGINT COMMENT 'number of the micro-batch since the checkpoint of the query was made',
run_id STRING COMMENT 'detector run of the application, see detector_runs',
started_at TIMESTAMP COMMENT 'UTC, when the micro-batch was triggered',
rows BIGINT COMMENT 'records that it read from Kafka',
trigger_ms BIGINT COMMENT 'milliseconds from the trigger until the micro-batch was committed',
add_batch_ms BIGINT COMMENT 'of these, for reading, working and writing',
planning_ms BIGINT COMMENT 'of these, for planning',
logs_ms BIGINT COMMENT 'of these, for the logs of offsets and commits in the checkpoint',
behind BIGINT COMMENT 'records that the broker had at the trigger and this micro-batch left unread',
day DATE COMMENT 'UTC day of started_at, the partition'""",
    partitioned_by=("day",),
    checks={
        "batch_is_named": "query IS NOT NULL AND batch_id >= 0 AND started_at IS NOT NULL",
        "day_is_set": "day IS NOT NULL",
    },
)

NOTICE_RECORD: Final = """topic_id STRING COMMENT 'UUID the broker gave the topic camera-status',
partition INT COMMENT 'Kafka partition of the notice',
offset BIGINT COMMENT 'Kafka offset of the notice'"""

CAMERA_STATUS: Final = Table(
    name="camera_status",
    comment="One row per notice of an agent about a camera: a heartbeat, or a change of its state",
    ddl=f"""{NOTICE_RECORD},
appended_at TIMESTAMP COMMENT 'UTC, when the broker appended the notice',
camera_id STRING COMMENT 'the camera',
at TIMESTAMP COMMENT 'UTC, when the agent spoke, by its own clock',
state STRING COMMENT 'what the camera is doing: {", ".join(STATES)}',
session STRING COMMENT 'random id of the run of the camera in its agent, in which the counters count up',
captured BIGINT COMMENT 'pictures taken in the session: the sum of the next six',
gated BIGINT COMMENT 'of these, not sent since nothing moved',
dropped BIGINT COMMENT 'of these, given up while they waited for the broker',
failed BIGINT COMMENT 'of these, refused by the broker, or such as can never be sent',
acknowledged BIGINT COMMENT 'of these, stored by the broker',
unknown BIGINT COMMENT 'of these, sent without an answer; they may have arrived',
pending BIGINT COMMENT 'of these, still waiting',
last_error STRING COMMENT 'newest error of the session, without passwords; null without any',
last_error_at TIMESTAMP COMMENT 'UTC, when that happened, by the clock of the agent',
last_frame_at TIMESTAMP COMMENT 'UTC, when the newest picture was taken, by the clock of the agent',
day DATE COMMENT 'UTC day of appended_at, the partition'""",
    partitioned_by=("day",),
    checks={
        "notice_is_named": "topic_id IS NOT NULL AND partition >= 0 AND offset >= 0",
        "camera_is_named": "camera_id IS NOT NULL",
        "day_is_set": "day IS NOT NULL",
        "state_is_known": f"state IN ({', '.join(map(repr, STATES))})",
    },
)

CAMERA_REGISTRATIONS: Final = Table(
    name="camera_registrations",
    comment="One row per change of what the list of an agent says of a camera; the newest counts",
    ddl=f"""camera_id STRING COMMENT 'the camera',
since TIMESTAMP COMMENT 'UTC, when the broker appended the first notice that says so',
name STRING COMMENT 'what people call it; null where the list gives no name',
place STRING COMMENT 'where it hangs; null where the list does not say',
time_zone STRING COMMENT 'IANA name of the zone of the place; null where the list gives none',
source STRING COMMENT 'where its pictures come from, without passwords',
enabled BOOLEAN COMMENT 'false once it was switched off or taken out of the list',
{NOTICE_RECORD}""",
    checks={"camera_is_named": "camera_id IS NOT NULL AND since IS NOT NULL"},
)

MODEL_EVALUATIONS: Final = Table(
    name="model_evaluations",
    comment="One row per evaluation, model and picture: what the model found on it, and how long it took",
    ddl=f"""run_id STRING COMMENT 'evaluation; the same one run again replaces its rows',
model STRING COMMENT 'name of the model, or of its folder',
engine STRING COMMENT 'what computed it: litert-float32, litert-int8 or tensorflow',
weights_sha256 STRING COMMENT 'SHA-256 of the weights, or of the list of their files; null where not loaded',
picture STRING COMMENT 'file name of the picture',
picture_sha256 STRING COMMENT 'SHA-256 of the picture as it came, hexadecimal; null where it cannot be read',
width INT COMMENT 'pixels; null where the picture cannot be decoded',
height INT COMMENT 'pixels; null where the picture cannot be decoded',
objects ARRAY<{OBJECT}> COMMENT 'all with score >= 0.2; boxes are 0..1 of the picture; null on an error',
load_s DOUBLE COMMENT 'seconds to its first answer, with the engine where it was first; null unless loaded',
seconds DOUBLE COMMENT 'seconds from the decoded picture to its objects; null on an error',
error STRING COMMENT 'why there is no answer; null when there is one',
evaluated_at TIMESTAMP COMMENT 'UTC, when the evaluation began'""",
    checks={"evaluation_is_named": "run_id IS NOT NULL AND model IS NOT NULL AND picture IS NOT NULL"},
)

TABLES: Final = (
    FRAMES,
    DETECTIONS,
    EXPIRED_RANGES,
    DETECTOR_RUNS,
    STREAM_PROGRESS,
    CAMERA_STATUS,
    CAMERA_REGISTRATIONS,
    MODEL_EVALUATIONS,
    *BATCH_TABLES,
)
