"""The clients of the first PyctureStream work unchanged: one sends JSON, others read `resultstream`."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime

import cv2
import numpy as np
import pytest

from benchmarks.support.running.system import System
from benchmarks.support.running.wire import old_frame, pictures, read_all
from lake.contracts.wire_format import RESULTS_TOPIC

pytestmark = pytest.mark.system


def test_old_json_frames_with_and_without_keys_are_detected_and_old_readers_find_their_fields(
    system: System,
) -> None:
    clip = pictures(system.installation.settings.home / "clips")
    # A site's local time without a zone, as the old client writes it; its digits must come back as sent.
    said = [f"{datetime.now():%Y-%m-%dT%H:%M:%S}.{micros}" for micros in ("5", "123456", "120000")]  # noqa: DTZ005
    keys = (None, b"old-hall", b"somebody else")  # a camera is named by the JSON, whatever the key says
    sent = [old_frame(jpeg, "old-hall", when) for jpeg, when in zip(clip, said, strict=False)]
    records = [replace(one, key=key) for one, key in zip(sent, keys, strict=True)]
    rows = system.outcomes(system.send(*records))
    assert [row["status"] for row in rows] == ["detected"] * 3
    ours = [
        result
        for result in map(json.loads, read_all(system.broker.address, RESULTS_TOPIC))
        if result["camera_id"] == "old-hall"
    ]
    assert sorted(result["timestamp"] for result in ours) == sorted(said)
    for result in ours:
        assert "person" in {seen["label"] for seen in result["objects"]}
        for seen in result["objects"]:
            assert 0.5 <= seen["score"] <= 1
            assert round(seen["score"], 2) == seen["score"]
            vertical, horizontal = seen["sector"]
            assert vertical in ("top", "middle", "bottom")
            assert horizontal in ("left", "center", "right")
        drawn = cv2.imdecode(np.frombuffer(base64.b64decode(result["image"]), np.uint8), cv2.IMREAD_COLOR)
        assert drawn.shape == (272, 640, 3)
    assert system.settle().is_balanced


def test_a_zone_less_time_is_read_in_the_site_s_zone(system: System) -> None:
    from zoneinfo import ZoneInfo

    clip = pictures(system.installation.settings.home / "clips")
    local = datetime.now(ZoneInfo("Europe/Berlin")).replace(microsecond=0)
    [row] = system.outcomes(system.send(old_frame(clip[0], "old-hall", local.strftime("%Y-%m-%dT%H:%M:%S"))))
    assert row["captured_at"] == local
    assert row["observed_at"] == local
    assert row["clock_skewed"] is False
    assert system.settle().is_balanced
