"""Expectations on the rows of `frames` and `detections` that an hour is counted from."""

from __future__ import annotations

from typing import Final

from jobs.frames.frame_records import CLOCK_TOLERANCE, MAX_WAIT
from jobs.quality.expectation import (
    ABSENT,
    BETWEEN,
    DETECTIONS,
    EQUAL,
    FRAMES,
    IN_ORDER,
    IN_SET,
    MATCH,
    PRESENT,
    UNIQUE,
    Expectation,
    between,
    in_set,
    not_before,
    pair,
)
from lake.contracts.camera_hour import UNKNOWN_CAMERA
from lake.contracts.record_key import RECORD_KEY
from lake.contracts.wire_format import CAMERA_ID, FRAME_SCHEMA, LEGACY, MAX_MESSAGE_BYTES, Status
from lake.schema.schemas import LAYERS

FORMATS: Final = (FRAME_SCHEMA, LEGACY)
STATUSES: Final = tuple(str(status) for status in Status)
MAX_OBJECTS: Final = 100
"""No model of ours reports more objects of one picture."""
MAX_WAIT_S: Final = int(MAX_WAIT.total_seconds())
"""The rule "Observed at": a picture waits at most so long for the broker..."""
FASTEST_CLOCK_S: Final = int(CLOCK_TOLERANCE.total_seconds())
"""...and is taken at most so long after the broker appended it, by the agent's own clock."""
KNOWN_CAMERA: Final = (("camera_id", "!=", UNKNOWN_CAMERA),)

OF_FRAMES: Final = (
    Expectation(
        "frames_are_stored_once", FRAMES, "each record is stored once in frames", UNIQUE,
        {"column_list": list(RECORD_KEY)},
    ),
    Expectation(
        "frames_have_their_keys", FRAMES, "each frame names its topic's id, itself and its time", ABSENT,
        {"column": "lacking"},
    ),
    Expectation(
        "frames_lie_in_their_day", FRAMES, "each frame lies in the partition of the day it was observed",
        EQUAL, pair("day", "day_observed"),
    ),
    Expectation(
        "frames_waited_as_a_camera_can", FRAMES,
        "each frame was observed at most 48 hours before and 5 minutes after the broker appended it",
        BETWEEN, between("waited_s", -FASTEST_CLOCK_S, MAX_WAIT_S),
    ),
    Expectation(
        "frames_have_a_known_format", FRAMES, "each frame has a known format, or none", IN_SET,
        in_set("format", FORMATS),
    ),
    Expectation(
        "frames_come_from_allowed_cameras", FRAMES, "each camera id is one that may name a camera", MATCH,
        {"column": "camera_id", "regex": CAMERA_ID.pattern}, KNOWN_CAMERA,
    ),
    Expectation(
        "frames_have_a_possible_size", FRAMES, "each frame has from 0 bytes to as many as a message may have",
        BETWEEN, between("bytes", 0, MAX_MESSAGE_BYTES),
    ),
    Expectation(
        "pictures_have_a_fingerprint", FRAMES, "each frame that has bytes has their SHA-256", PRESENT,
        {"column": "sha256"}, (("bytes", ">", 0),),
    ),
    Expectation(
        "fingerprints_are_well_formed", FRAMES, "each SHA-256 is 64 hexadecimal digits", MATCH,
        {"column": "sha256", "regex": "^[0-9a-f]{64}$"},
    ),
)  # fmt: skip

DETECTED: Final = (("status", "==", str(Status.DETECTED)),)

OF_DETECTIONS: Final = (
    Expectation(
        "outcomes_are_stored_once", DETECTIONS, "each detector run says one thing of each record", UNIQUE,
        {"column_list": [*RECORD_KEY, "layer", "run_id"]},
    ),
    Expectation(
        "outcomes_have_their_keys", DETECTIONS, "each outcome names its topic's id, frame, run and time",
        ABSENT, {"column": "lacking"},
    ),
    Expectation(
        "outcomes_lie_in_their_day", DETECTIONS,
        "each outcome lies in the partition of the day its frame was observed",
        EQUAL, pair("day", "day_observed"),
    ),
    Expectation(
        "statuses_are_known", DETECTIONS, "each status is one of the contract's", IN_SET,
        in_set("status", STATUSES),
    ),
    Expectation(
        "layers_are_known", DETECTIONS,
        "each outcome is by the speed layer, the batch layer or a promoted run",
        IN_SET, in_set("layer", LAYERS),
    ),
    Expectation(
        "runs_are_written_down", DETECTIONS, "each outcome's run is described in detector_runs", IN_SET,
        in_set("run", ("described",)), (("run", "!=", "missing"),),
    ),
    Expectation(
        "detections_are_timed", DETECTIONS, "each analysed frame has the time at which its outcome was known",
        PRESENT, {"column": "finished_at"}, DETECTED,
    ),
    Expectation(
        "analyses_end_after_they_began", DETECTIONS, "no analysis ended before it began", IN_ORDER,
        not_before("finished_at", "started_at"),
    ),
    Expectation(
        "frames_show_a_possible_number_of_objects", DETECTIONS,
        f"no frame shows more than {MAX_OBJECTS} objects", BETWEEN,
        between("object_count", 0, MAX_OBJECTS), DETECTED,
    ),
    Expectation(
        "only_analysed_frames_show_objects", DETECTIONS, "no frame that was not analysed shows objects",
        BETWEEN, between("object_count", 0, 0), (("status", "in", STATUSES[1:]),),
    ),
)  # fmt: skip
