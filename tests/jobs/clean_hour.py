"""An hour of one camera in which everything is as expected, and ways to spoil it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import pandas as pd

from jobs.quality.inputs import Rows
from tests.conftest import at

DAY = date(2026, 1, 2)
COUNTS = (
    "analysed_live", "analysed_batch", "skipped_stale", "skipped_superseded", "corrupt", "too_large",
    "malformed", "failed", "pending", "duplicates", "late", "clock_skewed",
)  # fmt: skip


@dataclass
class Hour:
    """Tables as lists of rows; `camera` is the camera of them all."""

    camera: str
    frames: list[dict[str, Any]]
    detections: list[dict[str, Any]]
    objects: list[dict[str, Any]]
    camera_hours: list[dict[str, Any]]
    resent: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    mixes: list[dict[str, Any]]

    @property
    def counts(self) -> dict[str, Any]:
        """The row of coverage."""
        return self.camera_hours[0]

    def frame(self, **changes: Any) -> None:
        """Add a replayed frame, which is not counted, with some changes."""
        self.frames.append({**self.frames[0], "offset": 9, "replay_id": "again", **changes})

    def outcome(self, **changes: Any) -> None:
        """Add the outcome of a replayed frame, which is not counted, with some changes."""
        self.detections.append({**self.detections[0], "offset": 9, "replay_id": "again", **changes})

    def record(self, status: str, fate: str, **changes: Any) -> None:
        """Add one more record that is counted as it should be."""
        named = {"offset": 2, "frame_id": f"{self.camera}/2", **changes}
        self.frames.append({**self.frames[0], **named})
        self.detections.append({**self.detections[0], **named, "status": status, "object_count": 0})
        for name in ("received", fate, "frame_rows", "detection_rows"):
            self.counts[name] += 1


def clean_hour(camera: str) -> Hour:
    """Two records: one analysed live with 100 objects, one skipped and analysed later with one."""
    record = {"topic": "pycturestream", "topic_id": camera, "partition": 0, "appended_at": at("11:00:01")}
    place = {"hour": at("11:00"), "camera_id": camera, "day": DAY}
    origin = {**record, **place, "observed_at": at("11:00"), "clock_skewed": False, "replay_id": None}
    firsts = [{**origin, "offset": offset, "frame_id": f"{camera}/{offset}"} for offset in (0, 1)]
    stored = {"format": "frame/1", "bytes": 5, "sha256": "0123456789abcdef" * 4}
    ends = {"started_at": at("11:00:01.5"), "finished_at": at("11:00:02")}
    live = {"layer": "speed", "run_id": "run-1", **ends}
    later = {"layer": "batch", "run_id": "run-2", **ends}
    seen = {"label": "dog", "score": 0.9, "ymin": 0.8, "xmin": 0.8, "ymax": 0.9, "xmax": 0.9}
    words = {"sector_v": "bottom", "sector_h": "right"}
    return Hour(
        camera=camera,
        frames=[{**first, **stored} for first in firsts],
        detections=[
            {**firsts[0], **live, "status": "detected", "object_count": 100},
            {**firsts[1], **live, "status": "skipped_superseded", "object_count": 0},
            {**firsts[1], **later, "status": "detected", "object_count": 1},
        ],
        objects=[
            *({**firsts[0], **live, **seen, **words, "object_number": number} for number in range(100)),
            {**firsts[1], **later, **seen, **words, "object_number": 0},
        ],
        camera_hours=[{
            **place, **dict.fromkeys(COUNTS, 0), "received": 2, "analysed": 2, "analysed_live": 1,
            "analysed_batch": 1, "analysed_by_minute": [2, *[0] * 59],
            "objects": 101, "seconds_observed": 3600.0, "latency_p50_s": 1.0,
            "latency_p95_s": 2.0, "frame_rows": 2, "detection_rows": 3, "from_stored_coverage": False,
            "counted_at": at("12:10"), "run_id": "count",
        }],
        resent=[],
        runs=[{"run_id": f"run-{number}", "model": "coco-ssd", "labels": None} for number in (1, 2)],
        mixes=[{"camera_id": camera, "hour": at("10:00"), "label": "dog", "objects": 100}],
    )  # fmt: skip


def together(hours: list[Hour]) -> Rows:
    """Hours of several cameras as one audit reads them."""
    tables = [field.name for field in fields(Rows)]
    rows = {name: pd.DataFrame([row for hour in hours for row in getattr(hour, name)]) for name in tables}
    rows["objects"] = rows["objects"].drop(columns=["replay_id", "started_at"])
    if rows["resent"].empty:
        rows["resent"] = rows["detections"][:0]
    for name in ("replay_id", "finished_at"):
        rows["detections"][name] = rows["detections"][name].astype(
            "object" if name == "replay_id" else "datetime64[us, UTC]"
        )
    return Rows(**rows)
