"""The engines on the same 252 varied real frames: 126 of three clips, and each once more with another look.

Found: an object over the report threshold (0.5) on one side, of which the other side has the label at that
place (IoU ≥ 0.5). The float32 weights of LiteRT are those of TensorFlow, so both must say the same; int8 may
differ by as much as is written here, which is why it is no default.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from benchmarks.support.agreement import agreement
from benchmarks.support.varied_frames import varied_frames
from jobs.detector.detector import DetectorSettings, load_detector
from lake.config.settings import Settings

pytestmark = pytest.mark.model

STEP, BATCH = 4, 8
ENOUGH = 150
"""Objects on each side: fewer would prove little."""


@pytest.fixture(scope="module")
def provisioned() -> Settings:
    return Settings.from_env(os.environ)


@pytest.fixture(scope="module")
def frames(provisioned):
    return varied_frames(provisioned.home / "clips", STEP)


@pytest.fixture(scope="module")
def findings(provisioned, frames):
    """What an engine finds on all frames; each engine is asked once."""
    known = {}

    def find(engine, precision="float32"):
        if (engine, precision) not in known:
            told = replace(DetectorSettings.from_env({}, provisioned), engine=engine, precision=precision)
            detector, starts = load_detector(told), range(0, len(frames), BATCH)
            known[engine, precision] = [
                found for at in starts for found in detector.detect(frames[at : at + BATCH])
            ]
        return known[engine, precision]

    return find


def both_ways(one, other, threshold):
    return agreement(one, other, threshold), agreement(other, one, threshold)


def test_the_frames_are_many_and_no_two_of_them_alike(frames):
    assert (len(frames), len({frame.tobytes() for frame in frames})) == (252, 252)


def test_litert_finds_what_tensorflow_finds_at_the_same_place_and_as_surely(findings, provisioned):
    for side in both_ways(findings("tensorflow"), findings("litert"), provisioned.report_threshold):
        assert side.objects >= ENOUGH
        assert side.found >= 0.99
        assert side.iou(0) >= 0.99
        assert side.score(100) <= 0.01


def test_int8_finds_nearly_all_that_tensorflow_finds_near_its_place_but_not_as_surely(findings, provisioned):
    theirs, ours = findings("tensorflow"), findings("litert", "int8")
    there, back = both_ways(theirs, ours, provisioned.report_threshold)
    assert min(there.objects, back.objects) >= ENOUGH
    assert (there.found >= 0.97, back.found >= 0.95) == (True, True)
    for side in (there, back):
        assert (side.iou(50) >= 0.95, side.iou(5) >= 0.8) == (True, True)
        assert (side.score(50) <= 0.05, side.score(95) <= 0.25) == (True, True)
