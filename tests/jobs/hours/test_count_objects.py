from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from benchmarks.support.tables.hour_rows import add, fill, frame, outcome, record, rows_of, thing
from jobs.hours import count_objects
from lake.contracts.hours import Candidate, Scope
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE, OBJECTS_CANDIDATE, PUBLICATIONS
from lake.schema.schemas import CAMERA_STATUS
from lake.storage.tables import Lake
from tests.conftest import at

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]

ELEVEN = at("11:00")
NOW = at("14:00")
SEEN = "hour, camera_id, frame_id, object_number, label, score, layer, run_id"


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """One hour of `door` in which everything happens, one picture each of `gate` and of nobody."""
    lake = Lake(tmp_path_factory.mktemp("counts"))
    lake.create(spark)
    on_the_hour = record(0, ELEVEN)
    analysed_later = record(1, at("11:00:04"))
    twice = record(2, at("11:00:05"), frame_id="door/s/0")
    late = record(3, at("11:59:58"), appended_at=at("12:05:00.000001"), clock_skewed=True)
    replayed = record(4, at("11:30"), replay_id="again")
    nobody = record(5, at("11:40"), None)
    pending = record(6, at("11:50"), "gate")
    next_hour = record(7, at("12:00"))
    # Sent first, but its clock said the day after: the frame of the hour is its duplicate.
    elsewhere = record(8, at("11:00", "2026-01-03"), frame_id="door/s/9", appended_at=at("10:59"))
    its_twin = record(9, at("11:20"), frame_id="door/s/9")
    everything = [on_the_hour, analysed_later, twice, late, replayed, nobody, pending, next_hour, elsewhere]
    fill(
        lake.root,
        [frame(row) for row in [*everything, its_twin]],
        [
            outcome(on_the_hour, "detected", thing("cat", 0.75), thing("dog", 0.25)),
            outcome(analysed_later, "skipped_stale"),
            outcome(analysed_later, "detected", thing("cat", 0.5), layer="batch", run_id="batch-1"),
            outcome(twice, "detected", thing()),
            outcome(late, "detected", finished_at=at("12:00:02")),
            outcome(replayed, "detected", thing()),
            outcome(nobody, "malformed"),
            outcome(next_hour, "detected", thing()),
            outcome(elsewhere, "detected", thing()),
            outcome(its_twin, "detected", thing()),
        ],
    )
    add(lake.root, CAMERA_STATUS, [notice("10:59:58", 4), notice("11:00", 6), notice("12:00", 9)])
    return lake


def notice(clock: str, gated: int) -> dict[str, Any]:
    """What the agent of `door` counted since its session began."""
    known = {"camera_id": "door", "session": "s", "appended_at": at(clock), "gated": gated, "offset": gated}
    return {**known, "topic_id": "id", "partition": 0, "state": "running", "day": at(clock).date()}


def count(
    spark: SparkSession, lake: Lake, hours: tuple[datetime, ...] = (ELEVEN,), cameras: tuple[str, ...] = ()
) -> Candidate:
    return count_objects.run(spark, lake, Scope(hours, cameras or None), "run-1", NOW)


def coverage(lake: Lake, where: str = "TRUE") -> dict[Any, dict[str, Any]]:
    """(hour, camera) to the columns that are not 0, of the minutes those that are not."""
    names = CAMERA_HOURS_CANDIDATE.columns
    rows = rows_of(lake.root, CAMERA_HOURS_CANDIDATE, ", ".join(names), "1", where)
    left_out = ("hour", "camera_id", "day", "run_id", "counted_at")
    told = [{name: _not_zero(value) for name, value in zip(names, row, strict=True)} for row in rows]
    return {
        (row["hour"], row["camera_id"]): {k: v for k, v in row.items() if k not in left_out and v}
        for row in told
    }


def _not_zero(value: Any) -> Any:
    return {at: one for at, one in enumerate(value) if one} if isinstance(value, list) else value


def objects(lake: Lake) -> list[tuple[Any, ...]]:
    return rows_of(lake.root, OBJECTS_CANDIDATE, SEEN, "hour, camera_id, frame_id, object_number")


OBJECTS = [
    (ELEVEN, "door", "door/s/0", 0, "cat", 0.75, "speed", "speed-1"),
    (ELEVEN, "door", "door/s/0", 1, "dog", 0.25, "speed", "speed-1"),
    (ELEVEN, "door", "door/s/1", 0, "cat", 0.5, "batch", "batch-1"),
]
COVERAGE = {
    (ELEVEN, "door"): {
        "received": 5, "analysed": 3, "analysed_live": 2, "analysed_batch": 1,
        "analysed_by_minute": {0: 2, 59: 1}, "duplicates": 2, "gated": 2, "late": 1,
        "clock_skewed": 1, "objects": 3, "seconds_observed": 4.0 + 10.0 + 2.0, "latency_p50_s": 3.0,
        "latency_p95_s": 3.9, "frame_rows": 5, "detection_rows": 6,
    },
    (ELEVEN, "gate"): {"received": 1, "pending": 1, "frame_rows": 1},
    (ELEVEN, "(unknown)"): {"received": 1, "malformed": 1, "frame_rows": 1, "detection_rows": 1},
}  # fmt: skip


def test_an_hour_is_counted_once_however_often_and_the_candidate_names_its_versions(
    spark: SparkSession, lake: Lake
) -> None:
    for _ in range(2):
        candidate = count(spark, lake)
        assert objects(lake) == OBJECTS
        assert coverage(lake) == COVERAGE
    assert candidate.objects_version == lake.version(OBJECTS_CANDIDATE)
    assert candidate.camera_hours_version == lake.version(CAMERA_HOURS_CANDIDATE)
    columns = (
        "state, camera_id, objects_candidate_version, camera_hours_candidate_version, run_id, decided_at"
    )
    versions = candidate.objects_version, candidate.camera_hours_version
    newest = f"objects_candidate_version = {versions[0]}"
    assert rows_of(lake.root, PUBLICATIONS, columns, "camera_id", newest) == [
        ("open", camera, *versions, "run-1", NOW) for camera in ("(unknown)", "door", "gate")
    ]


def test_a_dry_run_writes_nothing_and_says_what_it_would_count(spark: SparkSession, lake: Lake) -> None:
    count(spark, lake)
    before, said = lake.version(OBJECTS_CANDIDATE), []
    scope = Scope((ELEVEN, at("13:00")))
    count_objects.run(spark, lake, scope, "dry", NOW, dry_run=True, tell=said.append)
    assert lake.version(OBJECTS_CANDIDATE) == before
    assert said == [
        "counted 2026-01-02T11:00:00Z: 3 cameras, 3 objects on 3 of 7 frames",
        "2026-01-02T13:00:00Z: no frames and no detections, nothing to count",
    ]


def test_two_counts_at_once_count_everything_once(spark: SparkSession, lake: Lake) -> None:
    both = [threading.Thread(target=count, args=(spark, lake)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert objects(lake) == OBJECTS
    assert coverage(lake) == COVERAGE


def test_restricted_to_a_camera_the_rows_of_the_others_stay(spark: SparkSession, lake: Lake) -> None:
    count(spark, lake)
    for name in ("frames", "detections"):
        DeltaTable(lake.root / name).delete("camera_id = 'gate' OR camera_id IS NULL")
    count(spark, lake, cameras=("door",))
    assert coverage(lake) == COVERAGE
    assert objects(lake) == OBJECTS


def test_frames_past_retention_keep_the_coverage_that_was_stored(spark: SparkSession, lake: Lake) -> None:
    """Of `gate`, which had no detection, the whole row; of `door` what frames alone knew."""
    count(spark, lake, cameras=("door",))
    DeltaTable(lake.root / "frames").delete("TRUE")
    DeltaTable(lake.root / "detections").delete("status = 'skipped_stale'")
    for _ in range(2):
        count(spark, lake)
        assert objects(lake) == OBJECTS
        assert coverage(lake) == {
            (ELEVEN, "door"): {
                **COVERAGE[ELEVEN, "door"], "detection_rows": 5, "from_stored_coverage": True,
            },
            (ELEVEN, "gate"): {**COVERAGE[ELEVEN, "gate"], "from_stored_coverage": True},
            (ELEVEN, "(unknown)"): {**COVERAGE[ELEVEN, "(unknown)"], "from_stored_coverage": True},
        }  # fmt: skip
    DeltaTable(lake.root / "detections").delete("TRUE")
    count(spark, lake)
    assert objects(lake) == OBJECTS
    assert coverage(lake)[ELEVEN, "door"]["received"] == 5


def test_an_hour_that_lost_all_its_rows_is_replaced_by_nothing(spark: SparkSession, lake: Lake) -> None:
    only_detected = record(50, at("10:00") + timedelta(minutes=1))
    fill(lake.root, [], [outcome(only_detected, "detected", thing())])
    count(spark, lake, (at("10:00"),))
    assert coverage(lake, "hour = TIMESTAMP '2026-01-02T10:00:00Z'") != {}
    DeltaTable(lake.root / "detections").delete("TRUE")
    count(spark, lake, (at("10:00"),))
    assert coverage(lake, "hour = TIMESTAMP '2026-01-02T10:00:00Z'") == {}
    assert [row for row in objects(lake) if row[0] == at("10:00")] == []
