"""Expectations on the counted objects before they are published."""

from __future__ import annotations

from typing import Final

from jobs.detector.sectors import COLUMNS, ROWS
from jobs.quality.expectation import (
    ABSENT,
    BETWEEN,
    EQUAL,
    IN_ORDER,
    IN_SET,
    OBJECTS,
    UNIQUE,
    Expectation,
    between,
    in_set,
    not_before,
    pair,
)
from jobs.quality.record_expectations import MAX_OBJECTS
from lake.contracts.record_key import RECORD_KEY
from lake.contracts.wire_format import STORED_SCORE
from lake.schema.schemas import LAYERS

SLACK: Final = 1e-6
"""Boxes are float32 between 0 and 1: their smallest step there is 6e-8, and a model may round a few times."""
DETECTED, PAST_RETENTION = "detected", "past retention"
ORIGIN_FOUND: Final = (("origin", "==", DETECTED),)
KNOWN_SECTORS: Final = tuple(f"{row} {column}" for row in ROWS for column in COLUMNS)

OF_OBJECTS: Final = (
    Expectation(
        "objects_are_counted_once", OBJECTS, "each object of a frame is counted once", UNIQUE,
        {"column_list": [*RECORD_KEY, "object_number"]},
    ),
    Expectation(
        "objects_are_complete", OBJECTS,
        "each object has its keys, label, score, layer and run, and unless imported its box and sector",
        ABSENT, {"column": "lacking"},
    ),
    Expectation(
        "objects_lie_in_their_hour", OBJECTS, "each object lies in the hour in which it was observed", EQUAL,
        pair("hour", "hour_observed"),
    ),
    Expectation(
        "objects_lie_in_their_day", OBJECTS, "each object lies in the partition of its hour's day", EQUAL,
        pair("day", "day_of_hour"),
    ),
    Expectation(
        "objects_are_numbered", OBJECTS, f"the objects of a frame are numbered from 0 to {MAX_OBJECTS - 1}",
        BETWEEN, between("object_number", 0, MAX_OBJECTS - 1),
    ),
    Expectation(
        "scores_are_in_range", OBJECTS, f"each score is from {STORED_SCORE:g} to 1", BETWEEN,
        between("score", STORED_SCORE, 1),
    ),
    Expectation(
        "boxes_lie_in_the_picture", OBJECTS, "each box lies within the picture, 0 to 1", BETWEEN,
        between("outside_by", None, SLACK),
    ),
    Expectation(
        "boxes_stand_upright", OBJECTS, "no box's lower edge is above its upper one", IN_ORDER,
        not_before("ymax", "ymin"),
    ),
    Expectation(
        "boxes_face_forward", OBJECTS, "no box's right edge is left of its left one", IN_ORDER,
        not_before("xmax", "xmin"),
    ),
    Expectation(
        "sectors_are_known", OBJECTS, "each sector is one of the nine", IN_SET,
        in_set("sector", KNOWN_SECTORS),
    ),
    Expectation(
        "sectors_hold_their_boxes", OBJECTS, "each object is in the sector that holds its box's centre",
        EQUAL, pair("sector", "sector_of_centre"), (("sector", "in", KNOWN_SECTORS),),
    ),
    Expectation(
        "labels_are_known", OBJECTS, "each label is one that the run's model knows", ABSENT,
        {"column": "strange_label"},
    ),
    Expectation(
        "object_layers_are_known", OBJECTS,
        "each object was seen by the speed layer, the batch layer or a promoted run", IN_SET,
        in_set("layer", LAYERS),
    ),
    Expectation(
        "object_runs_are_written_down", OBJECTS, "each object's run is described in detector_runs", IN_SET,
        in_set("run", ("described",)), (("run", "!=", "missing"),),
    ),
    Expectation(
        "no_object_is_an_orphan", OBJECTS, "each object's frame is detected in detections", IN_SET,
        in_set("origin", (DETECTED, PAST_RETENTION)),
    ),
    Expectation(
        "objects_are_of_the_current_analysis", OBJECTS,
        "each object was seen by the analysis that is current for its frame", EQUAL,
        pair("run_id", "current_run_id"), (*ORIGIN_FOUND, ("run", "==", "described")),
    ),
    Expectation(
        "objects_are_of_the_first_record", OBJECTS, "no object is of a frame that was sent before", IN_SET,
        in_set("sending", ("first",)), ORIGIN_FOUND,
    ),
    Expectation(
        "no_object_was_replayed", OBJECTS, "no object is of a replayed frame", ABSENT,
        {"column": "replay_id"}, (*ORIGIN_FOUND, ("sending", "==", "first")),
    ),
    Expectation(
        "objects_are_of_a_counted_hour", OBJECTS, "each object's hour and camera has its row of coverage",
        IN_SET, in_set("camera_hour", ("counted",)),
    ),
)  # fmt: skip
