from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from jobs.demo import rows as demo_rows
from jobs.demo.cameras import MAX_CAMERAS, SCENES, camera_names
from jobs.demo.history import History, plan_history
from jobs.demo.objects import thirds
from jobs.demo.rows import chunks
from jobs.detector.coco_labels import COCO_NAMES
from jobs.detector.sectors import COLUMNS, ROWS, sector_of
from lake.contracts.hours import hour_of, parse_hour
from lake.contracts.wire_format import CAMERA_ID
from lake.schema.schemas import DETECTIONS, FRAMES
from tests.conftest import at

END = at("10:02")


@pytest.fixture(scope="module")
def plan():
    return plan_history(History(seed=5, days=1, cameras=3, objects=9_000, end=END))


@pytest.fixture(scope="module")
def parts(plan):
    return list(chunks(plan))


@pytest.fixture(scope="module")
def frames(parts):
    return pa.concat_tables(part.frames for part in parts).to_pylist()


@pytest.fixture(scope="module")
def detections(parts):
    return pa.concat_tables(part.detections for part in parts).to_pylist()


def test_the_rows_name_columns_of_their_tables(parts):
    for part in parts:
        assert set(part.frames.column_names) - set(FRAMES.columns) == set()
        assert set(part.detections.column_names) - set(DETECTIONS.columns) == set()


def test_the_same_seed_and_end_give_the_same_rows_and_another_seed_others(plan, parts):
    again = list(chunks(plan_history(plan.history)))
    assert [(part.frames, part.detections) for part in again] == [
        (part.frames, part.detections) for part in parts
    ]
    other = next(chunks(plan_history(History(6, 1, 3, 9_000, END))))
    assert other.frames["observed_at"] != parts[0].frames["observed_at"]


def test_rows_do_not_depend_on_how_they_are_cut_into_parts(plan, frames, monkeypatch):
    monkeypatch.setattr(demo_rows, "CHUNK_OBJECTS", 100)
    small = list(chunks(plan))
    assert len(small) == 24
    assert pa.concat_tables(part.frames for part in small).to_pylist() == frames


def test_no_part_spans_two_days(parts):
    assert [len(set(part.frames["day"].to_pylist())) for part in parts] == [1, 1]


def test_outages_have_no_rows_and_every_other_hour_of_every_camera_has_objects(plan, frames, detections):
    hours = {plan.history.hour(number) for number in range(24)}
    out = {
        (hour, one["camera"])
        for one in plan.listed_outages()
        for hour in hours
        if parse_hour(one["from"]) <= hour < parse_hour(one["to"])
    }
    everywhere = {(hour, name) for hour in hours for name in plan.history.names}
    assert out
    assert {(hour_of(row["observed_at"]), row["camera_id"]) for row in frames} == everywhere - out
    seen = {(hour_of(row["observed_at"]), row["camera_id"]) for row in detections if row["objects"]}
    assert seen == everywhere - out


def test_all_objects_asked_for_are_seen_once(detections):
    assert sum(len(row["objects"]) for row in detections) == 9_000


def test_offsets_of_a_partition_grow_without_a_hole_in_the_order_of_append_times(frames):
    by_partition = defaultdict(list)
    for row in frames:
        by_partition[row["partition"]].append((row["offset"], row["appended_at"]))
    assert sorted(by_partition) == [0, 1]
    for records in by_partition.values():
        assert [offset for offset, _ in records] == list(range(len(records)))
        assert records == sorted(records, key=lambda record: record[1])


def test_frames_of_a_session_are_numbered_without_a_hole_and_named_by_it(frames):
    numbers = defaultdict(list)
    for row in frames:
        assert row["frame_id"] == f"{row['camera_id']}/{row['session']}/{row['sequence']}"
        numbers[row["camera_id"], row["session"]].append(row["sequence"])
    assert {tuple(found) == tuple(range(len(found))) for found in numbers.values()} == {True}


def test_frames_say_that_they_are_synthetic_and_hold_no_byte(plan, frames):
    kept = ("topic", "topic_id", "format", "value", "bytes", "sha256", "problem", "clock_skewed", "replay_id")
    assert {tuple(row.get(name) for name in kept) for row in frames} == {
        ("synthetic", "synthetic-5", "frame/1", None, 0, None, None, False, None)
    }
    assert {row["key"].decode() for row in frames} == set(plan.history.names)


def test_times_follow_one_another_within_the_hour_and_nothing_is_known_after_the_end(detections):
    order = ("captured_at", "sent_at", "appended_at", "batch_at", "started_at", "finished_at")
    for row in detections:
        moments = [row[name] for name in order]
        assert moments == sorted(moments)
        assert hour_of(row["appended_at"]) == hour_of(row["observed_at"])
        assert row["day"] == row["observed_at"].date()
    assert max(row["finished_at"] for row in detections) <= END


def test_live_results_are_known_within_seconds(detections):
    live = [row for row in detections if row["layer"] == "speed"]
    waited = sorted(row["finished_at"] - row["observed_at"] for row in live)
    assert timedelta(milliseconds=100) < waited[len(waited) // 2] < timedelta(seconds=1)
    assert waited[-1] < timedelta(seconds=3)


def test_every_frame_has_an_outcome_and_what_was_skipped_live_was_analysed_later(frames, detections):
    outcomes = defaultdict(list)
    for row in detections:
        outcomes[row["frame_id"]].append((row["layer"], row["status"], row["run_id"], row["reason"] is None))
    kinds = Counter(tuple(found) for found in outcomes.values())
    assert set(outcomes) == {row["frame_id"] for row in frames}
    detected = ("speed", "detected", "synthetic-5-speed", True)
    skipped = ("speed", "skipped_superseded", "synthetic-5-speed", False)
    corrupt = ("speed", "corrupt", "synthetic-5-speed", False)
    later = ("batch", "detected", "synthetic-5-batch", True)
    assert set(kinds) == {(detected,), (skipped, later), (corrupt,)}
    assert kinds[detected,] > 10 * kinds[skipped, later] > 100 * kinds[corrupt,] > 0


def test_only_analysed_frames_show_objects_and_the_surest_comes_first(detections):
    for row in detections:
        scores = [seen["score"] for seen in row["objects"]]
        assert scores == sorted(scores, reverse=True)
        assert not scores or row["status"] == "detected"


def test_objects_lie_in_the_picture_with_a_stored_score_a_known_label_and_the_sector_of_their_box(detections):
    names = set(filter(None, COCO_NAMES))
    for seen in (seen for row in detections for seen in row["objects"]):
        box = (seen["ymin"], seen["xmin"], seen["ymax"], seen["xmax"])
        assert 0 <= seen["ymin"] < seen["ymax"] <= 1
        assert 0 <= seen["xmin"] < seen["xmax"] <= 1
        assert np.float32(0.2) <= seen["score"] <= 1
        assert seen["label"] in names
        assert (seen["sector_v"], seen["sector_h"]) == sector_of(*box)


def test_thirds_agree_with_the_sectors_of_the_stream_also_on_their_borders():
    edges = np.concatenate([np.linspace(0, 1, 49), [1 / 3, 2 / 3, 1 / 3 - 1e-9]]).astype(np.float32)
    low, high = (grid.ravel() for grid in np.meshgrid(edges, edges))
    wanted = [sector_of(one, one, two, two) for one, two in zip(low.tolist(), high.tolist(), strict=True)]
    third = thirds(low, high)
    words = pa.array(ROWS).take(third).to_pylist(), pa.array(COLUMNS).take(third).to_pylist()
    assert list(zip(*words, strict=True)) == wanted


def test_camera_ids_are_allowed_and_all_different():
    names = camera_names(MAX_CAMERAS)
    assert len(set(names)) == MAX_CAMERAS
    assert all(CAMERA_ID.match(name) and name.startswith("synthetic-") for name in names)


def test_scenes_show_only_labels_of_the_model():
    assert {label for scene in SCENES for label in scene.labels} <= set(COCO_NAMES) - {""}
