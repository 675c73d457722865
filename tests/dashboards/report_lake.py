"""The exploring page's lake with coverage: ten o'clock published, eleven live, twelve held."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.support.tables.arrow_tables import write
from lake.schema.batch_schemas import CAMERA_HOURS, MINUTE_COUNTS, PUBLICATIONS
from lake.schema.schemas import DETECTIONS
from tests.dashboards.explore_lake import BOX, DAY, at, record, seen_on, write_lake

FRAMES_A_MINUTE = 3
POISON = "ghost"
CENTRE = 9 * 32 + 16


def covered(camera: str) -> dict[str, Any]:
    """Every 20 s a frame, of both cameras by turns, for 50 minutes."""
    own = 2 if camera == "yard" else 1
    minutes = [own if (minute % 2 == 0) else FRAMES_A_MINUTE - own for minute in range(50)] + [0] * 10
    counted = {"received": 75, "analysed": 75, "analysed_by_minute": minutes, "seconds_observed": 750.0}
    return {"hour": at(10), "camera_id": camera, "day": DAY, **counted}


def minute_counts() -> list[dict[str, Any]]:
    """The published objects by the minute, one of each; all are in the middle of the picture."""
    objects = [record(number) | seen_on(number) for number in range(150)]
    return [
        {name: seen[name] for name in ("camera_id", "label", "sector_v", "sector_h", "day")}
        | {"minute": seen["observed_at"].replace(second=0), "hour": at(10), "cell": CENTRE}
        | {"score_bin": math.floor(np.float32(seen["score"]).item() * 20) / 20, "object_count": 1}
        for seen in objects
    ]


def write_report_lake(root: Path) -> None:
    """Write all tables that reports read."""
    write_lake(root)
    write(root, MINUTE_COUNTS, minute_counts())
    write(root, CAMERA_HOURS, [covered(camera) for camera in ("door", "yard")])
    held = {"hour": at(12), "camera_id": "door", "state": "held", "run_id": "audit2", "decided_at": at(13)}
    write(root, PUBLICATIONS, [held | {"day": DAY, "reasons": ["scores lie in range"]}])
    bad = record(901) | {"observed_at": at(12) + timedelta(minutes=5)}
    seen = [{"label": POISON, "score": 0.99, **BOX}] * 40
    write(root, DETECTIONS, [bad | {"status": "detected", "objects": seen}])
