"""For every expectation one offending row, that it alone sees."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest

from jobs.quality.derived_columns import subjects
from jobs.quality.expectation import SUBJECTS
from jobs.quality.expectations import EXPECTATIONS
from jobs.quality.findings import number_groups
from jobs.quality.validation import validate
from lake.contracts.wire_format import IMPORTED_TOPIC
from tests.conftest import at
from tests.jobs.clean_hour import Hour, clean_hour, together

TOMORROW = date(2026, 1, 3)
CLEAN, IMPORTED, BOXLESS = "clean", "imported", "boxless"
Spoil = Callable[[Hour], object]


def an_object(number: int = 0, **changes: object) -> Spoil:
    return lambda hour: hour.objects[number].update(changes)


def a_count(**changes: object) -> Spoil:
    return lambda hour: hour.counts.update(changes)


def one_more_object(**changes: object) -> Spoil:
    return lambda hour: hour.objects.append({**hour.objects[-1], "object_number": 1, **changes})


def of_a_repeated_record(hour: Hour) -> None:
    repeat = {**hour.detections[0], "offset": 9, "appended_at": at("11:00:03")}
    hour.detections.append({**repeat, "replay_id": "again"})
    hour.resent += [hour.detections[0], repeat]
    hour.objects[0] |= {"offset": 9, "appended_at": at("11:00:03")}


def of_a_replayed_record(hour: Hour) -> None:
    hour.outcome(frame_id="another")
    hour.objects[0]["offset"] = 9


def sent_twice(hour: Hour) -> None:
    hour.record("detected", "duplicates", frame_id=hour.frames[0]["frame_id"], appended_at=at("11:00:05"))
    hour.resent += [hour.frames[0], hour.frames[-1]]


def came_hours_later(hour: Hour) -> None:
    for rows in (hour.frames, hour.detections, hour.objects):
        for row in rows:
            row["appended_at"] = at("13:30")


def pending(hour: Hour) -> None:
    hour.record("detected", "pending")
    hour.detections.pop()
    hour.counts["detection_rows"] -= 1


SPOILT: dict[str, Spoil] = {
    "frames_are_stored_once": lambda hour: hour.frame(offset=0),
    "frames_have_their_keys": lambda hour: hour.frame(frame_id=None),
    "frames_lie_in_their_day": lambda hour: hour.frame(day=TOMORROW),
    "frames_waited_as_a_camera_can": lambda hour: hour.frame(appended_at=at("11:00:01", "2026-01-04")),
    "frames_have_a_known_format": lambda hour: hour.frame(format="frame/9"),
    "frames_come_from_allowed_cameras": lambda hour: hour.frame(camera_id=hour.camera + "/x"),
    "frames_have_a_possible_size": lambda hour: hour.frame(bytes=-1),
    "pictures_have_a_fingerprint": lambda hour: hour.frame(sha256=None),
    "fingerprints_are_well_formed": lambda hour: hour.frame(sha256="abc"),
    "outcomes_are_stored_once": lambda hour: [hour.outcome(), hour.outcome()],
    "outcomes_have_their_keys": lambda hour: hour.outcome(frame_id=None),
    "outcomes_lie_in_their_day": lambda hour: hour.outcome(day=TOMORROW),
    "statuses_are_known": lambda hour: hour.outcome(status="seen"),
    "layers_are_known": lambda hour: hour.outcome(layer="slow"),
    "runs_are_written_down": lambda hour: hour.outcome(run_id="nobody"),
    "detections_are_timed": lambda hour: hour.outcome(finished_at=None),
    "analyses_end_after_they_began": lambda hour: hour.outcome(started_at=at("11:00:03")),
    "frames_show_a_possible_number_of_objects": lambda hour: hour.outcome(object_count=101),
    "only_analysed_frames_show_objects": lambda hour: hour.outcome(status="corrupt", object_count=1),
    "objects_are_counted_once": an_object(object_number=1),
    "objects_are_complete": an_object(label=None),
    "objects_lie_in_their_hour": an_object(observed_at=at("12:00")),
    "objects_lie_in_their_day": an_object(day=TOMORROW),
    "objects_are_numbered": an_object(object_number=100),
    "scores_are_in_range": an_object(score=1.5),
    "boxes_lie_in_the_picture": an_object(ymax=1.05),
    "boxes_stand_upright": an_object(ymin=0.9, ymax=0.8),
    "boxes_face_forward": an_object(xmin=0.9, xmax=0.8),
    "sectors_are_known": an_object(sector_v="below"),
    "sectors_hold_their_boxes": an_object(sector_v="top"),
    "labels_are_known": an_object(label="unicorn"),
    "object_layers_are_known": an_object(layer="slow"),
    "object_runs_are_written_down": an_object(run_id="nobody"),
    "no_object_is_an_orphan": an_object(offset=7),
    "objects_are_of_the_current_analysis": an_object(run_id="run-2"),
    "objects_are_of_the_first_record": of_a_repeated_record,
    "no_object_was_replayed": of_a_replayed_record,
    "objects_are_of_a_counted_hour": lambda hour: one_more_object(camera_id=hour.camera + ".x")(hour),
    "hours_are_counted_once": lambda hour: hour.camera_hours.append({**hour.counts}),
    "coverage_is_complete": a_count(seconds_observed=None),
    "hours_lie_in_their_day": a_count(day=TOMORROW),
    "counts_are_not_negative": a_count(late=-1),
    "no_more_is_analysed_than_received": a_count(analysed=5),
    "fates_add_up_to_received": a_count(skipped_stale=1),
    "layers_add_up_to_analysed": a_count(analysed_live=5),
    "minutes_add_up_to_analysed": a_count(analysed_by_minute=[1, 2, *[0] * 58]),
    "seconds_observed_fit_the_hour": a_count(seconds_observed=3600.5),
    "latencies_are_in_order": a_count(latency_p50_s=3.0),
    "frames_equal_a_recount": a_count(
        received=3, analysed=3, analysed_live=2, analysed_by_minute=[3, *[0] * 59]
    ),
    "objects_equal_a_recount": a_count(objects=7),
    "listed_objects_equal_their_count": one_more_object(),
    "no_row_is_gone": a_count(detection_rows=4),
    "no_row_came_since_the_count": a_count(frame_rows=1),
    "enough_of_the_hour_was_seen": a_count(seconds_observed=60.0),
    "enough_frames_were_analysed": lambda hour: hour.record("skipped_stale", "skipped_stale"),
    "no_frame_is_pending": pending,
    "results_came_soon": a_count(latency_p95_s=30.0),
    "no_latency_is_negative": a_count(latency_p50_s=-1.0),
    "the_hour_was_counted_soon": a_count(counted_at=at("14:01")),
    "the_frames_came_soon": came_hours_later,
    "few_frames_were_late": a_count(late=1),
    "the_clock_was_right": a_count(clock_skewed=1),
    "few_frames_were_unusable": lambda hour: hour.record("corrupt", "corrupt"),
    "no_frame_was_sent_twice": sent_twice,
    "labels_are_mixed_as_before": lambda hour: hour.mixes[0].update(label="cat"),
    "coverage_was_measured": a_count(from_stored_coverage=True),
}


def without_place(camera: str, topic: str) -> Hour:
    """A clean hour whose objects have neither box nor sector."""
    hour = clean_hour(camera)
    for rows in (hour.frames, hour.detections, hour.objects):
        for row in rows:
            row["topic"] = topic
    for one in hour.objects:
        one |= dict.fromkeys(("ymin", "xmin", "ymax", "xmax", "sector_v", "sector_h"))
    return hour


@pytest.fixture(scope="module")
def fallen_short() -> dict[str, set[str]]:
    """Camera → what fell short: one audit in which each camera has a fault of its own."""
    hours = [clean_hour(name) for name in (CLEAN, *SPOILT)]
    for hour in hours[1:]:
        SPOILT[hour.camera](hour)
    hours += [without_place(IMPORTED, IMPORTED_TOPIC), without_place(BOXLESS, "pycturestream")]
    rows, groups = number_groups(subjects(together(hours), {}), 0)
    found: dict[str, set[str]] = {hour.camera: set() for hour in hours}
    for subject in SUBJECTS:
        for finding in validate(subject, rows[subject], [e for e in EXPECTATIONS if e.subject == subject]):
            for number in finding.unexpected:
                found[re.split("[/.]", groups.keys[number][1])[0]].add(finding.expectation.name)
    return found


@pytest.mark.parametrize("name", [expectation.name for expectation in EXPECTATIONS])
def test_one_offending_row_is_seen_by_exactly_its_expectation(
    name: str, fallen_short: dict[str, set[str]]
) -> None:
    assert fallen_short[name] == {name}


def test_a_clean_hour_fulfils_all_expectations(fallen_short: dict[str, set[str]]) -> None:
    assert fallen_short[CLEAN] == set()


def test_only_imported_objects_need_no_place_in_the_picture(fallen_short: dict[str, set[str]]) -> None:
    assert fallen_short[IMPORTED] == set()
    assert fallen_short[BOXLESS] == {"objects_are_complete"}


def test_names_are_unique_and_sentences_told() -> None:
    assert len({expectation.name for expectation in EXPECTATIONS}) == len(EXPECTATIONS) == len(SPOILT)
    assert [e.name for e in EXPECTATIONS if len(e.sentence) < 15 or e.sentence.endswith(".")] == []
