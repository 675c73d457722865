"""Expectations on each counted hour and camera: its sums, a recount, and bounds that only warn."""

from __future__ import annotations

from typing import Final

from jobs.quality.expectation import (
    ABSENT,
    BETWEEN,
    CAMERA_HOURS,
    EQUAL,
    IN_ORDER,
    IN_SET,
    UNIQUE,
    WARNING,
    Expectation,
    between,
    in_set,
    not_before,
    pair,
)

MIN_OBSERVED: Final = 0.5
"""Share of the hour. At the default of a picture every 3 s a camera that runs sees all of it."""
MIN_ANALYSED: Final = 0.95
"""Share of the frames with an outcome that could be read; the batch layer analyses what was skipped."""
MAX_LATENCY_S: Final = 10.0
"""A frame counts as stale after 5 s; as long again is allowed for what was queued and analysed."""
MAX_COUNT_DELAY_S: Final = 2 * 3600
"""The hourly run comes some minutes after the hour; later than this, at least one run was missed."""
MAX_ARRIVAL_DELAY_S: Final = 3600
"""An agent whose network was away may send frames late; after an hour of it a warning is due."""
MAX_DRIFT: Final = 0.4
"""Total variation distance: two in five objects carry another label than in the days before."""
MAX_SKEWED: Final = 0.1
MAX_LATE: Final = 0.05
MAX_UNUSABLE: Final = 0.05
HOUR_S: Final = 3600

IN_SUM: Final = (("sums", "==", "right"),)
AS_COUNTED, MORE, FEWER = "as counted", "more", "fewer"
FRAMES_GONE, ALL_GONE = "frames past retention", "past retention"
"""What became of an hour's rows of frames and detections since it was counted."""
WITH_FRAMES: Final = ("rows", "==", AS_COUNTED)
WITH_DETECTIONS: Final = ("rows", "in", (AS_COUNTED, FRAMES_GONE))

SUMS: Final = (
    Expectation(
        "hours_are_counted_once", CAMERA_HOURS, "each hour and camera has one row of coverage", UNIQUE,
        {"column_list": ["hour", "camera_id"]},
    ),
    Expectation(
        "coverage_is_complete", CAMERA_HOURS, "each row of coverage has all its counts, its run and its time",
        ABSENT, {"column": "lacking"},
    ),
    Expectation(
        "hours_lie_in_their_day", CAMERA_HOURS, "each hour lies in the partition of its day", EQUAL,
        pair("day", "day_of_hour"),
    ),
    Expectation(
        "counts_are_not_negative", CAMERA_HOURS, "no count is below 0", ABSENT, {"column": "negative"},
    ),
    Expectation(
        "no_more_is_analysed_than_received", CAMERA_HOURS, "no more frames were analysed than received",
        IN_ORDER, not_before("received", "analysed"), (("negative_counts", "==", 0),),
    ),
    Expectation(
        "fates_add_up_to_received", CAMERA_HOURS, "what became of the frames adds up to those received",
        EQUAL, pair("received", "fates"), (("sums", "in", ("right", "fates")),),
    ),
    Expectation(
        "layers_add_up_to_analysed", CAMERA_HOURS, "frames analysed live and later add up to all analysed",
        EQUAL, pair("analysed", "analysed_by_layers"), (("sums", "in", ("right", "layers")),),
    ),
    Expectation(
        "minutes_add_up_to_analysed", CAMERA_HOURS, "frames analysed minute by minute add up to all analysed",
        EQUAL, pair("analysed", "analysed_by_minutes"), (("sums", "in", ("right", "minutes")),),
    ),
    Expectation(
        "seconds_observed_fit_the_hour", CAMERA_HOURS, "an hour was observed for 0 to 3600 seconds", BETWEEN,
        between("seconds_observed", 0, HOUR_S),
    ),
    Expectation(
        "latencies_are_in_order", CAMERA_HOURS, "the median latency is not above the 95th percentile",
        IN_ORDER, not_before("latency_p95_s", "latency_p50_s"),
    ),
)  # fmt: skip

RECOUNT: Final = (
    Expectation(
        "frames_equal_a_recount", CAMERA_HOURS,
        "frames and what became of them equal a recount from frames and detections", EQUAL,
        pair("counted", "recounted"), (*IN_SUM, WITH_FRAMES),
    ),
    Expectation(
        "objects_equal_a_recount", CAMERA_HOURS, "objects equal a recount from detections", EQUAL,
        pair("objects", "objects_recounted"), (("negative_counts", "==", 0), WITH_DETECTIONS),
    ),
    Expectation(
        "listed_objects_equal_their_count", CAMERA_HOURS,
        "there are as many rows of objects as the hour's count says", EQUAL,
        pair("objects_listed", "objects_recounted"), (WITH_DETECTIONS,),
    ),
    Expectation(
        "no_row_is_gone", CAMERA_HOURS, "no row of frames or detections is gone since the hour was counted",
        IN_SET, in_set("rows", (AS_COUNTED, MORE, FRAMES_GONE, ALL_GONE)),
    ),
)  # fmt: skip

WARNINGS: Final = (
    Expectation(
        "no_row_came_since_the_count", CAMERA_HOURS, "no row of frames or detections came after the count",
        IN_SET, in_set("rows", (AS_COUNTED, FEWER, FRAMES_GONE, ALL_GONE)), severity=WARNING,
    ),
    Expectation(
        "enough_of_the_hour_was_seen", CAMERA_HOURS,
        f"at least {MIN_OBSERVED:.0%} of the hour was observed", BETWEEN,
        between("seen_share", MIN_OBSERVED, None), severity=WARNING,
    ),
    Expectation(
        "enough_frames_were_analysed", CAMERA_HOURS,
        f"at least {MIN_ANALYSED:.0%} of the usable frames with an outcome were analysed", BETWEEN,
        between("analysed_share", MIN_ANALYSED, None), severity=WARNING,
    ),
    Expectation(
        "no_frame_is_pending", CAMERA_HOURS, "no frame is without an outcome", BETWEEN,
        between("pending_frames", 0, 0), severity=WARNING,
    ),
    Expectation(
        "results_came_soon", CAMERA_HOURS,
        f"19 of 20 live results were known within {MAX_LATENCY_S:g} s", BETWEEN,
        between("latency_p95_s", None, MAX_LATENCY_S), severity=WARNING,
    ),
    Expectation(
        "no_latency_is_negative", CAMERA_HOURS, "no typical result was known before its picture was taken",
        BETWEEN, between("latency_p50_s", 0, None), severity=WARNING,
    ),
    Expectation(
        "the_hour_was_counted_soon", CAMERA_HOURS,
        f"the hour was counted within {MAX_COUNT_DELAY_S // 3600} hours of its end", BETWEEN,
        between("counted_after_s", None, MAX_COUNT_DELAY_S), severity=WARNING,
    ),
    Expectation(
        "the_frames_came_soon", CAMERA_HOURS,
        f"the newest frame came within {MAX_ARRIVAL_DELAY_S // 60} minutes of the hour's end", BETWEEN,
        between("newest_after_s", None, MAX_ARRIVAL_DELAY_S), severity=WARNING,
    ),
    Expectation(
        "few_frames_were_late", CAMERA_HOURS, f"at most {MAX_LATE:.0%} of the frames came late", BETWEEN,
        between("late_share", None, MAX_LATE), severity=WARNING,
    ),
    Expectation(
        "the_clock_was_right", CAMERA_HOURS,
        f"at most {MAX_SKEWED:.0%} of the frames needed their time corrected", BETWEEN,
        between("skewed_share", None, MAX_SKEWED), severity=WARNING,
    ),
    Expectation(
        "few_frames_were_unusable", CAMERA_HOURS,
        f"at most {MAX_UNUSABLE:.0%} of the frames could not be read", BETWEEN,
        between("unusable_share", None, MAX_UNUSABLE), severity=WARNING,
    ),
    Expectation(
        "no_frame_was_sent_twice", CAMERA_HOURS, "no frame was sent twice", BETWEEN,
        between("resent_frames", 0, 0), severity=WARNING,
    ),
    Expectation(
        "labels_are_mixed_as_before", CAMERA_HOURS,
        f"labels are mixed as in the 7 days before, but for {MAX_DRIFT:.0%} of the objects", BETWEEN,
        between("label_drift", None, MAX_DRIFT), severity=WARNING,
    ),
    Expectation(
        "coverage_was_measured", CAMERA_HOURS,
        "coverage was measured from frames, not taken from an earlier count", IN_SET,
        in_set("coverage_source", ("measured",)), severity=WARNING,
    ),
)  # fmt: skip

OF_HOURS: Final = (*SUMS, *RECOUNT, *WARNINGS)
