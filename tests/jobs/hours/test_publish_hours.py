from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from benchmarks.support.tables.hour_rows import add, fill, frame, outcome, record, rows_of, thing
from jobs.hours import count_objects
from jobs.hours.publish_hours import hold, publish
from lake.contracts.hours import Scope
from lake.schema.batch_schemas import (
    CAMERA_HOURS,
    HOURLY_COUNTS,
    MINUTE_COUNTS,
    PUBLICATIONS,
    PUBLISHED_OBJECTS,
)
from lake.schema.schemas import DETECTIONS
from lake.storage.tables import Lake
from tests.conftest import at

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]

ELEVEN = at("11:00")
NOW = at("14:00")
WRITES = ("published_objects", "minute_counts", "hourly_counts", "camera_hours")


class KilledError(RuntimeError):
    """Stands for the end of the process."""


class Killing(Lake):
    """A lake whose user is killed before one table is written."""

    fatal: str | None = None
    written: list[str]

    def replace(self, *arguments: Any) -> int:
        if arguments[1].name == self.fatal:
            raise KilledError
        self.written.append(arguments[1].name)
        return super().replace(*arguments)


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Killing:
    """`door` and `gate` at eleven, one cat each; `door` a dog whose score is below 0.35 as 32-bit number."""
    lake = Killing(tmp_path_factory.mktemp("publications"))
    lake.written = []
    lake.create(spark)
    door, gate = record(0, at("11:01:30")), record(1, at("11:02"), "gate")
    seen = [
        outcome(door, "detected", thing("cat", 0.6), thing("dog", 0.35)),
        outcome(gate, "detected", thing()),
    ]
    fill(lake.root, [frame(door), frame(gate)], seen)
    return lake


def published(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    bins = "camera_id, label, sector_v, sector_h, score_bin, object_count"
    return {
        "objects": rows_of(lake.root, PUBLISHED_OBJECTS, "hour, camera_id, label", "camera_id, label"),
        "minutes": rows_of(lake.root, MINUTE_COUNTS, f"minute, hour, {bins}, cell", "camera_id, label"),
        "hours": rows_of(lake.root, HOURLY_COUNTS, f"hour, {bins}", "camera_id, label"),
        "coverage": rows_of(lake.root, CAMERA_HOURS, "hour, camera_id, received, objects", "camera_id"),
    }


CELL = 2 * 32 + 4
"""Their boxes reach from the corner over a quarter of the picture: a centre at an eighth."""
DOOR = {
    "objects": [(ELEVEN, "door", "cat"), (ELEVEN, "door", "dog")],
    "minutes": [
        (at("11:01"), ELEVEN, "door", "cat", "top", "left", 0.6, 1, CELL),
        (at("11:01"), ELEVEN, "door", "dog", "top", "left", 0.3, 1, CELL),
    ],
    "hours": [
        (ELEVEN, "door", "cat", "top", "left", 0.6, 1),
        (ELEVEN, "door", "dog", "top", "left", 0.3, 1),
    ],
    "coverage": [(ELEVEN, "door", 1, 2)],
}


def test_a_publication_copies_the_audited_versions_and_survives_a_kill_before_each_write(
    spark: SparkSession, lake: Killing
) -> None:
    audited = count_objects.run(spark, lake, Scope((ELEVEN,)), "count-1", NOW)
    add(lake.root, DETECTIONS, [outcome(record(3, at("11:03")), "detected", thing("late"))])
    count_objects.run(spark, lake, Scope((ELEVEN,)), "count-2", NOW)
    for fatal in ("camera_hours", "minute_counts"):
        lake.fatal = fatal
        with pytest.raises(KilledError):
            publish(spark, lake, audited, [(ELEVEN, "door")], "quality-1", NOW)
    assert rows_of(lake.root, PUBLICATIONS, "state", "1", "state = 'published'") == []
    lake.fatal, lake.written = None, []
    publish(spark, lake, audited, [(ELEVEN, "door")], "quality-1", NOW)
    assert tuple(lake.written) == WRITES
    assert published(lake) == DOOR
    columns = "hour, camera_id, state, objects_candidate_version, published_objects_version, reasons, run_id"
    assert rows_of(lake.root, PUBLICATIONS, columns, "1", "state = 'published'") == [
        (
            ELEVEN,
            "door",
            "published",
            audited.objects_version,
            lake.version(PUBLISHED_OBJECTS),
            None,
            "quality-1",
        )
    ]


def test_a_held_hour_changes_nothing_that_is_published(spark: SparkSession, lake: Killing) -> None:
    candidate = count_objects.run(spark, lake, Scope((ELEVEN,)), "count-3", NOW)
    before = published(lake)
    hold(lake, candidate, {(ELEVEN, "gate"): ["3 scores above 1", "1 label nobody knows"]}, "quality-2", NOW)
    publish(spark, lake, candidate, [], "quality-2", NOW)
    assert published(lake) == before
    columns = (
        "hour, camera_id, camera_hours_candidate_version, published_objects_version, reasons, decided_at"
    )
    reasons = ["3 scores above 1", "1 label nobody knows"]
    assert rows_of(lake.root, PUBLICATIONS, columns, "1", "state = 'held'") == [
        (ELEVEN, "gate", candidate.camera_hours_version, None, reasons, NOW)
    ]
