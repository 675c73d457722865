from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.detector.detected_object import DetectedObject
from jobs.frames.outcome_messages import RunDescription, StageTimes, outcome, result
from jobs.frames.outcome_rows import read_outcomes
from lake.contracts.wire_format import Status
from tests.conftest import at
from tests.jobs.frames.test_outcome_messages import frame

OBJECT = pa.struct(
    [("label", pa.string()), *((name, pa.float32()) for name in ("score", "ymin", "xmin", "ymax", "xmax")),
     ("sector_v", pa.string()), ("sector_h", pa.string())]
)  # fmt: skip
TIME = pa.timestamp("us", "UTC")
DETECTIONS = pa.schema(
    [("topic", pa.string()), ("topic_id", pa.string()), ("partition", pa.int32()), ("offset", pa.int64()),
     ("appended_at", TIME), ("camera_id", pa.string()), ("captured_at", TIME), ("clock_skewed", pa.bool_()),
     ("layer", pa.string()), ("status", pa.string()), ("reason", pa.string()), ("objects", pa.list_(OBJECT)),
     ("started_at", TIME), ("day", pa.date32())]
)  # fmt: skip
RUN = RunDescription("run-1", "speed", "UTC", 0.5)
STAGES = StageTimes(at("11:00:02"), at("11:00:03"), at("11:00:04"))
SEEN = DetectedObject("dog", float(np.float32(0.87654321)), 0.1, 0.2, 0.3, 0.4)


def read(*values: bytes) -> list[dict[str, Any]]:
    messages = [
        {"value": value, "topic": "resultstream", "partition": 1, "offset": at}
        for at, value in enumerate(values)
    ]
    rows: list[dict[str, Any]] = read_outcomes(messages, DETECTIONS).to_pylist()
    return rows


def refused(**changed: Any) -> bytes:
    said = json.loads(outcome(frame(), Status.CORRUPT, "no JPEG", RUN, STAGES).value)
    record = {**said["record"], **changed.pop("record", {})}
    return json.dumps({**said, "record": record, **changed}).encode()


def test_a_result_is_read_back_as_it_was_said_without_its_picture() -> None:
    said = result(frame(), [SEEN], "a picture, in base64", RUN, STAGES).value
    upto, _, picture = said.partition(b', "image": "')
    assert picture
    (cut,), (whole,) = read(upto), read(said)
    assert cut == whole
    assert whole["objects"] == [
        {"label": "dog", "score": np.float32(0.87654321), "ymin": np.float32(0.1), "xmin": np.float32(0.2),
         "ymax": np.float32(0.3), "xmax": np.float32(0.4), "sector_v": "top", "sector_h": "left"}
    ]  # fmt: skip
    assert (whole["status"], whole["layer"], whole["started_at"]) == ("detected", "speed", at("11:00:03"))
    assert (whole["from_topic"], whole["from_partition"], whole["from_offset"]) == ("resultstream", 1, 0)


def test_an_outcome_has_a_reason_and_no_objects() -> None:
    (row,) = read(refused())
    assert (row["status"], row["reason"], row["objects"]) == ("corrupt", "no JPEG", [])


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"\xff\xfe",
        b"no JSON",
        b"[1, 2]",
        b"{}",
        b'{"a":' * 100_000,
        b'{"record": 5, "observed_at": "2026-01-02T11:00:00Z"}',
        refused(status="seen"),
        refused(layer="other"),
        refused(observed_at="yesterday"),
        refused(record={"partition": -1}),
        refused(record={"partition": "0"}),
        refused(record={"offset": None}),
        refused(record={"offset": 2**70}),
        refused(candidates="many"),
        refused(candidates=[{"score": "high"}]),
        refused(camera_id={"a": 1}),
    ],
)
def test_a_message_that_is_nobodys_outcome_is_left_out_and_stops_no_other(other: bytes) -> None:
    rows = read(refused(), other, refused(reason="again"))
    assert [(row["from_offset"], row["reason"]) for row in rows] == [(0, "no JPEG"), (2, "again")]
