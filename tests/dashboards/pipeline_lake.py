"""A small lake for the pipeline page, written without a JVM around a moment that is now.

Of three closed hours the second one holds a record that nothing explains. Two queries ran in the last
half hour, with ten minutes between in which nothing ran.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.support.tables.arrow_tables import write
from lake.contracts.hours import HOUR, hour_of
from lake.contracts.wire_format import rfc3339
from lake.schema.batch_schemas import BROKER_HOURS, PUBLICATIONS
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, EXPIRED_RANGES, FRAMES, STREAM_PROGRESS
from tests.dashboards.explore_lake import HOSTILE

TOPIC, LIFE = "pycturestream", "life-1"
MINUTE = timedelta(minutes=1)
EACH = 4
"""Records of each hour, all in partition 0."""
STATUSES = ("detected", "detected", "skipped_stale", "corrupt")
LOST = 6
"""The offset, in the second hour, of which no table knows."""
HOURS = 3
PAUSE = range(10, 20)
"""Minutes ago in which nothing ran."""


def offset_rows(now: datetime, life: str) -> list[dict[str, Any]]:
    first = hour_of(now) - HOURS * HOUR
    return [
        {
            "topic": TOPIC, "topic_id": life, "partition": 0, "offset": number,
            "appended_at": first + number // EACH * HOUR + number % EACH * MINUTE,
            "camera_id": HOSTILE, "frame_id": f"f{number}", "status": STATUSES[number % EACH],
            "observed_at": first + number // EACH * HOUR, "day": first.date(), "layer": "speed",
            "finished_at": first + number // EACH * HOUR + number % EACH * MINUTE, "run_id": "r",
            "objects": [],
        }
        for number in range(HOURS * EACH)
    ]  # fmt: skip


def progress_rows(now: datetime) -> list[dict[str, Any]]:
    """One batch of each query every minute: 60 and 6 records, 500 and 2,000 ms, 3 and 30 behind."""
    minute = now.replace(second=0, microsecond=0)
    own = {"detect_objects": (60, 500, 3), HOSTILE: (6, 2000, 30)}
    return [
        {
            "query": query, "batch_id": 100 - ago, "run_id": "r", "started_at": minute - ago * MINUTE,
            "rows": rows, "trigger_ms": took, "behind": behind, "day": (minute - ago * MINUTE).date(),
        }
        for ago in range(2, 30) if ago not in PAUSE
        for query, (rows, took, behind) in own.items()
    ]  # fmt: skip


def write_pipeline_lake(root: Path, now: datetime, life: str = LIFE) -> None:
    """Write the tables that the page reads for a life of the topic; most of the others are missing."""
    records = [row for row in offset_rows(now, life) if row["offset"] != LOST]
    write(root, DETECTIONS, records)
    write(root, FRAMES, [row | {"value": b"jpeg"} for row in records])
    write(root, EXPIRED_RANGES, [])
    write(root, DETECTOR_RUNS, [{"run_id": "r", "started_at": now}])
    write(root, PUBLICATIONS, [])
    write(root, STREAM_PROGRESS, progress_rows(now))
    first = hour_of(now) - HOURS * HOUR
    ranges = [
        {
            "hour": first + number * HOUR, "topic": TOPIC, "topic_id": life, "partition": 0,
            "from_offset": number * EACH, "to_offset": number * EACH + EACH, "read_at": now,
        }
        for number in range(HOURS)
    ]  # fmt: skip
    write(root, BROKER_HOURS, ranges)


def write_states(run: Path, now: datetime, ui: str) -> None:
    """What the stream and the cameras say of themselves."""
    queries = {
        "detect_objects": {
            "batch": 7, "rows": 1234, "offsets": {TOPIC: {"0": 12}}, "duration_ms": {"triggerExecution": 250},
        },
        HOSTILE: {"batch": None, "rows": 0, "offsets": {}},
    }  # fmt: skip
    said = {"state": "running", "updated_at": rfc3339(now), "run_id": "r", "ui": ui, "queries": queries}
    camera = {"state": "source_lost", "last_frame_at": None, "last_error": "<b>unplugged</b>"}
    run.mkdir(parents=True, exist_ok=True)
    (run / "stream.json").write_text(json.dumps(said))
    capture = {"updated_at": rfc3339(now), "cameras": {HOSTILE: camera}}
    (run / "capture.json").write_text(json.dumps(capture))
