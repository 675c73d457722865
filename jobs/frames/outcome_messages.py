"""Messages of the speed layer about a frame, as JSON: `result/1` where it was analysed, else `outcome/1`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from jobs.detector.detected_object import DetectedObject
from jobs.detector.sectors import sector_of
from lake.contracts.record_key import RECORD_KEY
from lake.contracts.wire_format import (
    OUTCOME_SCHEMA,
    OUTCOMES_TOPIC,
    RESULT_SCHEMA,
    RESULTS_TOPIC,
    Status,
    rfc3339,
)
from lake.schema.schemas import ORIGIN_COLUMNS, STAGE_COLUMNS

Metadata = Mapping[str, Any]
"""A record's columns `jobs.frames.frame_records.METADATA`; its times are UTC, with or without a zone."""

MESSAGE_DDL = "topic STRING, key BINARY, value BINARY"


@dataclass(frozen=True, slots=True)
class Message:
    """One Kafka message to be written."""

    topic: str
    key: bytes | None
    value: bytes


@dataclass(frozen=True, slots=True)
class RunDescription:
    """Values that all messages of a detector run share.

    Attributes:
        run_id: key of `detector_runs`.
        layer: `speed` or `batch`.
        zone: site time zone, for the time old readers show.
        report_threshold: objects at or above it are reported.
    """

    run_id: str
    layer: str
    zone: str
    report_threshold: float


@dataclass(frozen=True, slots=True)
class StageTimes:
    """UTC times of a frame's stages: its batch, start of decoding, end of the analysis."""

    batch_at: datetime
    started_at: datetime
    finished_at: datetime

    def as_json(self) -> dict[str, str]:
        """Return RFC 3339 texts by name."""
        return {name: rfc3339(_utc(getattr(self, name))) for name in STAGE_COLUMNS}


def outcome(
    frame: Metadata, status: Status, reason: str | None, run: RunDescription, stages: StageTimes
) -> Message:
    """Build the message that a frame was not analysed, and why."""
    value = {"schema": OUTCOME_SCHEMA, **_common(frame, run, stages), "status": status, "reason": reason}
    return Message(OUTCOMES_TOPIC, _key(frame), json.dumps(value).encode())


def result(
    frame: Metadata,
    objects: Sequence[DetectedObject],
    image: str | None,
    run: RunDescription,
    stages: StageTimes,
) -> Message:
    """Build the message with the objects of an analysed frame.

    Args:
        frame: the record.
        objects: all objects with score >= 0.2.
        image: base64 JPEG with boxes drawn, or None.
        run: the detector run.
        stages: UTC times of its stages.
    """
    reported = [_reported(item) for item in objects if item.score >= run.report_threshold]
    value: dict[str, Any] = {
        "schema": RESULT_SCHEMA,
        "timestamp": frame["client_timestamp"] or _local(frame["observed_at"], run.zone),
        **_common(frame, run, stages),
        "status": Status.DETECTED,
        "objects": reported,
        "candidates": [_stored(item) for item in objects],
    }
    if image is not None:
        value["image"] = image
    return Message(RESULTS_TOPIC, _key(frame), json.dumps(value).encode())


def _common(frame: Metadata, run: RunDescription, stages: StageTimes) -> dict[str, Any]:
    return {
        **{name: _to_json(frame[name]) for name in ORIGIN_COLUMNS},
        "record": {name: _to_json(frame[name]) for name in RECORD_KEY},
        "layer": run.layer,
        "run_id": run.run_id,
        "stages": stages.as_json(),
    }


def _reported(item: DetectedObject) -> dict[str, Any]:
    """Return an object as the first version's readers expect it, with its box."""
    box = (item.ymin, item.xmin, item.ymax, item.xmax)
    return {
        "label": item.label,
        "score": round(float(item.score), 2),
        "sector": list(sector_of(*box)),
        "box": [round(float(edge), 4) for edge in box],
    }


def _stored(item: DetectedObject) -> dict[str, Any]:
    box = {name: _shortest_float32(getattr(item, name)) for name in ("score", "ymin", "xmin", "ymax", "xmax")}
    vertical, horizontal = sector_of(item.ymin, item.xmin, item.ymax, item.xmax)
    return {"label": item.label, **box, "sector_v": vertical, "sector_h": horizontal}


def _shortest_float32(value: float) -> float:
    """Return the shortest decimal that reads back as the same float32."""
    return float(str(np.float32(value)))


def _key(frame: Metadata) -> bytes | None:
    return frame["camera_id"].encode() if frame["camera_id"] else None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _to_json(value: Any) -> Any:
    return rfc3339(_utc(value)) if isinstance(value, datetime) else value


def _local(moment: datetime, zone: str) -> str:
    """Format zone-less local time, as the first version's readers expect it."""
    return _utc(moment).astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat()
