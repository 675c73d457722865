from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from benchmarks.support.tables.hour_rows import add, fill, frame, outcome, record, rows_of, thing
from jobs.harness.settings import BatchSettings
from jobs.pipeline import batch
from jobs.pipeline.batch import Batch, by_day, check_broker, parse
from jobs.quality.check_quality import Audit
from lake.config.settings import Settings
from lake.contracts.hours import Scope
from lake.schema.batch_schemas import CAMERA_HOURS
from lake.schema.schemas import DETECTOR_RUNS
from lake.storage.tables import Lake
from tests.conftest import at

ELEVEN = at("11:00")
RUN = ["--run-id", "run-1"]


def test_one_hour_or_a_range_with_both_ends_can_be_named() -> None:
    told = parse(["hour", "2026-01-02T11:00:00Z", "--cameras", "gate,door", "--no-detect", "--dry-run", *RUN])
    assert told.scope == Scope((ELEVEN,), ("door", "gate"))
    assert (told.dry_run, told.namespace.no_detect, told.run_id) == (True, True, "run-1")
    told = parse([*RUN, "range", "2026-01-02T11:00:00Z", "2026-01-02T13:00:00Z"])
    assert told.scope == Scope((ELEVEN, at("12:00"), at("13:00")))
    assert (told.dry_run, told.namespace.no_detect) == (False, False)


@pytest.mark.parametrize(
    ("argv", "cure"),
    [
        (["hour", "2026-01-02T11:30:00Z"], "write 2026-01-02T11:00:00Z"),
        (["hour", "yesterday"], "write it as 2026-01-31T10:00:00Z"),
        (["hour", "2026-01-02T11:00:00Z", "2026-01-02T12:00:00Z"], "hour takes 1 of these, not 2"),
        (["range", "2026-01-02T11:00:00Z"], "range takes 2 of these, not 1"),
        (["range", "2026-01-02T11:00:00Z", "2026-01-02T10:00:00Z"], "swap them"),
        (["hour", "2026-01-02T11:00:00Z", "--cameras", "../x"], "camera id '../x'"),
    ],
)
def test_a_slip_of_the_pen_is_answered_with_its_cure(
    argv: list[str], cure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == 2
    assert cure in " ".join(capsys.readouterr().err.split())


def test_a_scope_is_worked_on_a_day_at_a_time() -> None:
    hours = (at("22:00"), at("23:00"), at("00:00", "2026-01-03"))
    assert list(by_day(Scope(hours, ("door",)))) == [
        Scope(hours[:2], ("door",)),
        Scope(hours[2:], ("door",)),
    ]


def test_what_was_decided_is_told_hour_by_hour() -> None:
    passed = [(ELEVEN, "door"), (ELEVEN, "gate"), (at("12:00"), "door")]
    found = Audit(passed, {(at("12:00"), "gate"): ["one", "two", "3", "4", "5", "6", "7"]}, [])
    assert list(batch.sentences(found)) == [
        "published 2026-01-02T11:00:00Z: door, gate",
        "published 2026-01-02T12:00:00Z: door",
        "held 2026-01-02T12:00:00Z, gate: one; two; 3; 4; 5; and 2 more",
    ]


def test_the_broker_is_asked_about_recent_hours_only_and_may_be_away(tmp_path: Path) -> None:
    away = Settings(home=tmp_path, data=tmp_path, kafka="127.0.0.1:1")
    assert check_broker(away, Scope((ELEVEN,)), at("14:00")) is None
    nobody = Settings(home=tmp_path, data=tmp_path, kafka="nowhere.invalid:1")
    assert check_broker(nobody, Scope((ELEVEN,)), at("14:00", "2026-01-09")) is None


@pytest.fixture(scope="module")
def running(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Batch, list[str]]:
    """A batch over a lake in which `door` saw two cats at eleven and `gate` an object of score 7."""
    data = tmp_path_factory.mktemp("batch")
    env = {"PYCTURESTREAM_DATA": str(data), "PYCTURESTREAM_DETECT_SKIPPED": "off"}
    settings, told = BatchSettings.from_env(env), []
    lake = Lake(settings.shared.lake)
    lake.create(spark)
    door = [record(number, at(f"11:00:0{number}")) for number in range(2)]
    gate = record(2, at("11:30"), "gate")
    still_running = record(3, at("14:01"))
    seen = [outcome(row, "detected", thing()) for row in (*door, still_running)]
    bad = outcome(gate, "detected", thing(score=7.0))
    fill(lake.root, [frame(row) for row in (*door, gate, still_running)], [*seen, bad])
    add(lake.root, DETECTOR_RUNS, [{"run_id": "speed-1", "layer": "speed", "started_at": at("10:00")}])
    return Batch(spark, settings, lake, "run-1", _now, told.append), told


def _now() -> datetime:
    return at("14:10")


@pytest.mark.spark
@pytest.mark.timeout(900)
def test_good_cameras_are_published_poisoned_ones_held_and_open_hours_only_counted(
    running: tuple[Batch, list[str]],
) -> None:
    one, told = running
    assert not one.run(Scope((ELEVEN, at("12:00"), at("14:00"))))
    assert told[:4] == [
        "counted 2026-01-02T11:00:00Z: 2 cameras, 3 objects on 3 of 3 frames",
        "2026-01-02T12:00:00Z: no frames and no detections, nothing to count",
        "counted 2026-01-02T14:00:00Z: 1 camera, 1 object on 1 of 1 frame",
        "2026-01-02T14:00:00Z is not over yet: counted, not published",
    ]
    assert told[4] == "published 2026-01-02T11:00:00Z: door"
    assert told[5].startswith("held 2026-01-02T11:00:00Z, gate: ")
    assert len(told) == 6
    assert rows_of(one.lake.root, CAMERA_HOURS, "hour, camera_id, objects", "1") == [(ELEVEN, "door", 2)]
