from __future__ import annotations

import json
from typing import Any

from jobs.detector.detected_object import DetectedObject
from jobs.frames.frame_records import METADATA
from jobs.frames.outcome_messages import RunDescription, StageTimes, outcome, result
from lake.contracts.wire_format import Status
from tests.conftest import at

RUN = RunDescription("run-1", "speed", "Europe/Berlin", 0.5)
STAGES = StageTimes(at("11:00:02"), at("11:00:03"), at("11:00:04"))
CAT = DetectedObject("cat", 0.87654321, 0.1, 0.2, 0.3, 0.4)
DOG = DetectedObject("dog", 0.49, 0.5, 0.7, 0.9, 0.9)


def frame(**other: Any) -> dict[str, Any]:
    said = dict.fromkeys(METADATA) | {
        "topic": "pycturestream", "topic_id": "id", "partition": 1, "offset": 42,
        "appended_at": at("11:00:01"), "camera_id": "door", "frame_id": "door/s/1",
        "captured_at": at("11:00:00"), "sent_at": at("11:00:00.5"),
        "observed_at": at("11:00:00"), "clock_skewed": False,
    }  # fmt: skip
    return {**said, **other}


def test_a_result_reports_what_is_likely_and_keeps_every_candidate() -> None:
    message = result(frame(), [CAT, DOG], "aW1n", RUN, STAGES)
    assert (message.topic, message.key) == ("resultstream", b"door")
    assert json.loads(message.value) == {
        "schema": "result/1",
        "timestamp": "2026-01-02T12:00:00",
        "camera_id": "door",
        "frame_id": "door/s/1",
        "captured_at": "2026-01-02T11:00:00.000000Z",
        "sent_at": "2026-01-02T11:00:00.500000Z",
        "observed_at": "2026-01-02T11:00:00.000000Z",
        "clock_skewed": False,
        "replay_id": None,
        "record": {
            "topic": "pycturestream", "topic_id": "id", "partition": 1, "offset": 42,
            "appended_at": "2026-01-02T11:00:01.000000Z",
        },
        "layer": "speed",
        "run_id": "run-1",
        "stages": {
            "batch_at": "2026-01-02T11:00:02.000000Z",
            "started_at": "2026-01-02T11:00:03.000000Z",
            "finished_at": "2026-01-02T11:00:04.000000Z",
        },
        "status": "detected",
        "objects": [{"label": "cat", "score": 0.88, "sector": ["top", "left"], "box": [0.1, 0.2, 0.3, 0.4]}],
        "candidates": [
            {"label": "cat", "score": 0.8765432, "ymin": 0.1, "xmin": 0.2, "ymax": 0.3, "xmax": 0.4,
             "sector_v": "top", "sector_h": "left"},
            {"label": "dog", "score": 0.49, "ymin": 0.5, "xmin": 0.7, "ymax": 0.9, "xmax": 0.9,
             "sector_v": "bottom", "sector_h": "right"},
        ],
        "image": "aW1n",
    }  # fmt: skip


def test_an_old_clients_timestamp_comes_back_as_it_was_sent() -> None:
    odd = "2018-03-18 20:15:01.5"
    assert json.loads(result(frame(client_timestamp=odd), [], None, RUN, STAGES).value)["timestamp"] == odd


def test_a_result_without_picture_has_no_image_field() -> None:
    said = json.loads(result(frame(), [], None, RUN, STAGES).value)
    assert said["objects"] == []
    assert "image" not in said


def test_an_outcome_says_why_a_record_was_not_analysed_even_when_it_names_no_camera() -> None:
    nobody = frame(camera_id=None, captured_at=None, sent_at=None)
    message = outcome(nobody, Status.MALFORMED, "camera id is not allowed: ../x", RUN, STAGES)
    said = json.loads(message.value)
    assert (message.topic, message.key) == ("frame-outcomes", None)
    assert (said["schema"], said["status"], said["reason"]) == (
        "outcome/1", "malformed", "camera id is not allowed: ../x",
    )  # fmt: skip
    assert (said["camera_id"], said["captured_at"], said["record"]["offset"]) == (None, None, 42)
