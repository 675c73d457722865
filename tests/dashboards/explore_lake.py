"""A small lake for the exploring page, written without a JVM: 300 frames, half of them published."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.support.tables.arrow_tables import write
from lake.schema.batch_schemas import PUBLICATIONS, PUBLISHED_OBJECTS
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, FRAMES

HOSTILE = "<img src=x onerror=alert(1)>"
DAY = date(2026, 11, 20)
GREY = 120
SYNTHETIC, CORRUPT, LEGACY, EXPIRED, HOSTILE_FRAME = 7, 9, 11, 13, 5
JPEG: bytes = cv2.imencode(".jpg", np.full((360, 640, 3), GREY, np.uint8))[1].tobytes()
BOX = {"ymin": 0.25, "xmin": 0.25, "ymax": 0.75, "xmax": 0.75, "sector_v": "middle", "sector_h": "center"}


def at(hour: int, minute: int = 0, second: int = 0, ms: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, second, ms * 1000, tzinfo=UTC)


def record(number: int) -> dict[str, Any]:
    """Frame `number`: from 10:00 on every 20 s, in turns of yard and door; each on its own offset."""
    camera = "door" if number % 2 else "yard"
    seen = at(10) + timedelta(hours=number // 150, seconds=number % 150 * 20)
    return {
        "topic": "synthetic" if number == SYNTHETIC else "pycturestream", "topic_id": "id",
        "partition": number % 2, "offset": number, "appended_at": seen + timedelta(milliseconds=60),
        "camera_id": camera, "frame_id": f"{camera}/s/{number}", "captured_at": seen, "sent_at": seen,
        "observed_at": seen, "clock_skewed": False, "day": DAY, "run_id": "run1", "layer": "speed",
        "finished_at": seen + timedelta(milliseconds=180),
    }  # fmt: skip


def seen_on(number: int) -> dict[str, Any]:
    label = HOSTILE if number == HOSTILE_FRAME else ("person", "cat", "dog")[number % 3]
    return {"label": label, "score": 0.5 + number % 50 / 100, **BOX}


def frame(number: int) -> dict[str, Any]:
    old = json.dumps({"image": base64.b64encode(JPEG).decode(), "camera_id": "door"}).encode()
    value = {SYNTHETIC: None, CORRUPT: b"nonsense", LEGACY: old}.get(number, JPEG)
    headers = [{"key": "schema", "value": b"frame/1"}, {"key": "<b>x", "value": b"\xff<script>"}]
    kind = "legacy" if number == LEGACY else "frame/1"
    return record(number) | {"format": kind, "headers": headers, "value": value, "sha256": "ab" * 32}


def write_lake(root: Path) -> None:
    numbers = range(300)
    write(root, FRAMES, [frame(one) for one in numbers if one != EXPIRED])
    write(
        root, DETECTIONS, [record(one) | {"status": "detected", "objects": [seen_on(one)]} for one in numbers]
    )
    rows = [record(one) | seen_on(one) | {"hour": at(10), "object_number": 0} for one in range(150)]
    write(root, PUBLISHED_OBJECTS, rows)
    decided = {"hour": at(10), "state": "published", "run_id": "audit1", "decided_at": at(11, 10), "day": DAY}
    versions = {"objects_candidate_version": 3, "published_objects_version": 4}
    write(root, PUBLICATIONS, [decided | versions | {"camera_id": camera} for camera in ("door", "yard")])
    run = {"run_id": "run1", "layer": "speed", "model": "ssd", "model_sha256": [("a.tflite", "cd" * 32)]}
    write(root, DETECTOR_RUNS, [run | {"configuration_sha256": "ef" * 32, "started_at": at(9)}])
