from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from benchmarks.support.tables.hour_rows import add, fill, frame, outcome, record, rows_of, thing
from jobs.hours import count_objects
from jobs.quality.check_quality import Arguments, Audit, audit, sentences
from jobs.quality.expectations import EXPECTATIONS
from jobs.quality.inputs import CandidateGoneError
from lake.contracts.hours import Candidate, Scope
from lake.schema.batch_schemas import OBJECTS_CANDIDATE, QUALITY_RESULTS
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, FRAMES
from lake.storage.tables import Lake
from tests.conftest import at

pytestmark = pytest.mark.spark

ELEVEN, NOW = at("11:00"), at("12:10")
NEXT = at("00:00", "2026-01-03")
DOOR, GATE, LATE = (ELEVEN, "door"), (ELEVEN, "gate"), (NEXT, "door")


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """`door` and `gate` at eleven, `door` again on the next day; one object each."""
    lake = Lake(tmp_path_factory.mktemp("audits"))
    lake.create(spark)
    known = [
        record(0, at("11:01")),
        record(1, at("11:02"), "gate"),
        record(2, at("00:01", "2026-01-03")),
    ]
    fill(lake.root, [*map(frame, known)], [outcome(one, "detected", thing("dog")) for one in known])
    add(lake.root, DETECTOR_RUNS, [{"run_id": "speed-1", "model": "coco-ssd"}])
    return lake


@pytest.fixture(scope="module")
def counted(spark: SparkSession, lake: Lake) -> Candidate:
    return count_objects.run(spark, lake, Scope((ELEVEN, NEXT)), "count-1", NOW)


@pytest.fixture(scope="module")
def poisoned(lake: Lake, counted: Candidate) -> Candidate:
    """The same hours in the next version, in which the score of `gate` is impossible."""
    table = DeltaTable(lake.path(OBJECTS_CANDIDATE))
    table.update(updates={"score": "CAST(1.5 AS FLOAT)"}, predicate="camera_id = 'gate'")
    return replace(counted, objects_version=int(table.version()))


def audited(lake: Lake, candidate: Candidate, docs: Path, run_id: str, **more: Any) -> Audit:
    return audit(lake.root, candidate, run_id, NOW, docs, **more)


def test_what_is_audited_is_the_version_that_was_counted(
    lake: Lake, counted: Candidate, poisoned: Candidate, tmp_path: Path
) -> None:
    assert audited(lake, counted, tmp_path, "audit-old").held == {}
    found = audited(lake, poisoned, tmp_path, "audit-new")
    assert found.passed == [DOOR, LATE]
    assert list(found.held) == [GATE]
    assert [why for why in found.held[GATE] if "score" in why and "1.5" in why] == found.held[GATE]


def test_each_hour_and_camera_has_a_row_for_every_expectation(
    lake: Lake, poisoned: Candidate, tmp_path: Path
) -> None:
    audited(lake, poisoned, tmp_path, "audit-rows")
    rows = rows_of(
        lake.root, QUALITY_RESULTS, "hour, camera_id, expectation, severity, success", "1, 2, 3",
        "run_id = 'audit-rows'",
    )  # fmt: skip
    names = sorted(expectation.name for expectation in EXPECTATIONS)
    assert [row[:3] for row in rows] == [(*key, name) for key in (DOOR, GATE, LATE) for name in names]
    assert [row[:3] for row in rows if row[3] == "critical" and not row[4]] == [
        (*GATE, "scores_are_in_range")
    ]


def test_two_audits_at_once_are_both_written_and_documented(
    lake: Lake, counted: Candidate, tmp_path: Path
) -> None:
    names = ["audit-left", "audit-right"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: audited(lake, counted, tmp_path, name), names))
    index = (tmp_path / "data_docs" / "index.html").read_text()
    for name in names:
        assert len(rows_of(lake.root, QUALITY_RESULTS, "run_id", "1", f"run_id = '{name}'")) == 3 * len(
            EXPECTATIONS
        )
        assert name in index


def test_only_the_newest_runs_stay_documented(lake: Lake, counted: Candidate, tmp_path: Path) -> None:
    door = replace(counted, scope=Scope((ELEVEN,), ("door",)))
    for number in (1, 2, 3):
        audit(lake.root, door, f"audit-{number}", at(f"12:1{number}"), tmp_path, history=2)
    kept = sorted(path.name.split("-", 1)[1][:7] for path in (tmp_path / "data_docs" / "runs").iterdir())
    assert kept == ["audit-2", "audit-3"]


def test_no_page_asks_anything_of_the_network(lake: Lake, counted: Candidate, tmp_path: Path) -> None:
    audited(lake, counted, tmp_path, 'audit-<img src="https://example.org/x">')
    pages = {path: path.read_text() for path in tmp_path.rglob("*.html")}
    assert len(pages) > 4
    asked = r"""<script|<img|<iframe|<link[^>]+href=["'](?!(?:\.\./)*style\.css)|url\(|@import"""
    assert {
        path.name: re.findall(asked, text) for path, text in pages.items() if re.search(asked, text)
    } == {}


def test_a_dry_run_tells_the_same_and_writes_nothing(lake: Lake, poisoned: Candidate, tmp_path: Path) -> None:
    before = lake.version(QUALITY_RESULTS)
    found = audited(lake, poisoned, tmp_path, "audit-dry", dry_run=True)
    assert list(found.held) == [GATE]
    assert lake.version(QUALITY_RESULTS) == before
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_came_after_the_count_holds_its_hour(
    spark: SparkSession, lake: Lake, tmp_path: Path
) -> None:
    known = record(7, at("09:01"))
    fill(lake.root, [frame(known)], [outcome(known, "detected", thing("dog"))])
    candidate = count_objects.run(spark, lake, Scope((at("09:00"),)), "count-2", NOW)
    late = record(8, at("09:02"))
    add(lake.root, DETECTIONS, [outcome(late, "detected", thing("dog"))])
    add(lake.root, FRAMES, [frame(late)])
    found = audited(lake, candidate, tmp_path, "audit-late")
    short = {one.expectation.name for one in found.findings if one.unexpected}
    assert "no_row_came_since_the_count" in short


def test_a_version_that_is_gone_is_said_by_its_number(lake: Lake, counted: Candidate, tmp_path: Path) -> None:
    with pytest.raises(CandidateGoneError, match="4711"):
        audited(lake, replace(counted, objects_version=4711), tmp_path, "audit-gone")


def test_few_hours_are_told_one_by_one_and_many_in_sum() -> None:
    two = Audit([DOOR], {GATE: ["1 score above 1"]}, [])
    assert sentences(two) == [
        "passed 2026-01-02T11:00:00Z door",
        "held 2026-01-02T11:00:00Z gate: 1 score above 1",
    ]
    many = [(ELEVEN, f"door{number}") for number in range(25)]
    told = sentences(Audit(many, {key: ["why"] for key in many}, []))
    assert (told[0], told[-1], len(told)) == ("passed 25 hours and cameras", "held 1 more", 26)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "required"),
        (["--candidates", "[]"], "names none"),
        (["--candidates", '[{"hours": []}]'], "names no candidate"),
        (["--candidates", "nonsense"], "Expecting value"),
        (["--hours", "2026-01-02T11:30:00Z"], "not the start of an hour"),
        (["--hours", "2026-01-02T11:00:00Z", "--cameras", "../x"], "camera id"),
    ],
)
def test_a_slip_on_the_command_line_is_told(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        Arguments.parse(argv)
    assert said in capsys.readouterr().err
