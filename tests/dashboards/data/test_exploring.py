from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.support.tables.arrow_tables import write
from dashboards.data import exploring
from dashboards.data.downstream_hours import hours_of_record, hours_of_run
from dashboards.data.exploring import Explorer, TooDeepError
from dashboards.data.provenance import Record, RecordError, find_record, provenance
from dashboards.explore.grid_model import GridModel
from lake.schema.batch_schemas import PUBLICATIONS
from lake.schema.schemas import DETECTIONS
from lake.serving import questions
from lake.serving.open_tables import OpenTables, TableSnapshot
from lake.serving.questions import Question
from tests.dashboards.explore_lake import DAY, HOSTILE, at, record, seen_on, write_lake


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_lake(tmp_path)
    return tmp_path


@pytest.fixture
def explorer(root: Path) -> Explorer:
    return Explorer(root, lambda: at(12))


def ask(where: str = "TRUE", *order: tuple[str, bool], threshold: float = 0.5) -> Question:
    return Question(DAY, DAY, where, order, threshold)


def offsets(explorer: Explorer, question: Question, start: int, end: int) -> list[int]:
    return [row["offset"] for row in explorer.rows(question, start, end).to_pylist()]


def test_the_newest_come_first_and_pages_follow_without_gap(explorer: Explorer) -> None:
    assert explorer.count(ask()) == 300
    assert offsets(explorer, ask(), 0, 3) == [299, 298, 297]
    assert offsets(explorer, ask(), 148, 152) == [151, 150, 149, 148]
    assert offsets(explorer, ask(), 298, 400) == [1, 0]
    assert offsets(explorer, ask(), 400, 500) == []


def test_a_page_over_midnight_is_found_in_the_days_it_lies_in(root: Path, explorer: Explorer) -> None:
    day = timedelta(days=1)
    later = [
        record(number)
        | {"status": "detected", "objects": [seen_on(number)], "day": DAY + day}
        | {"observed_at": record(number)["observed_at"] + day}
        for number in (300, 301, 302)
    ]
    write(root, DETECTIONS, later)
    both = replace(ask(), last=DAY + day)
    assert explorer.count_by_day(both) == {DAY: 300, DAY + day: 3}
    assert offsets(explorer, both, 1, 5) == [301, 300, 299, 298]
    assert offsets(explorer, both, 301, 400) == [1, 0]
    rising = replace(both, order=(("observed_at", False),))
    assert offsets(explorer, rising, 299, 302) == [299, 300, 301]


def test_state_tells_published_from_live(explorer: Explorer) -> None:
    assert explorer.count(ask("v.state = 'published'")) == 150
    assert explorer.count(ask("v.state = 'live'")) == 150


@pytest.mark.parametrize("most", [0, 300, 1000])
def test_newest_rows_that_were_found_as_they_were_counted_are_those_of_another_look(
    root: Path, explorer: Explorer, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(exploring, "MAX_BATCH", most)
    monkeypatch.setattr(exploring, "MAX_ROWS", 3)
    asked: list[str] = []
    ask_lake = explorer._ask

    def noting(kept: TableSnapshot, sql: str, question: Question) -> Any:
        asked.append(sql)
        return ask_lake(kept, sql, question)

    def one_more(number: int) -> None:
        write(root, DETECTIONS, [record(number) | {"status": "detected", "objects": [seen_on(number)]}])
        monkeypatch.setattr(explorer, "_tables", OpenTables(root, lambda: at(12), exploring.NAMES))

    monkeypatch.setattr(explorer, "_ask", noting)
    explorer.count(ask())
    one_more(300)
    assert explorer.count(ask()) == 301
    assert offsets(explorer, ask(), 0, 2) == [300, 299]
    assert offsets(explorer, ask(), 2, 4) == [298, 297]
    assert len(asked) == (3 if most else 4)
    one_more(301)
    assert offsets(explorer, ask(), 0, 2) == [301, 300]
    assert offsets(explorer, ask("TRUE", ("observed_at", False)), 0, 2) == [0, 1]
    assert offsets(explorer, ask("v.state = 'published'"), 0, 2) == [149, 148]


def test_more_live_hours_than_are_named_are_asked_of_their_view(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MAX_NAMES", 1)
    assert explorer.count(ask()) == 300
    assert explorer.count(ask("v.state = 'live'")) == 150


def test_order_and_threshold_are_those_of_the_question(explorer: Explorer) -> None:
    assert offsets(explorer, ask("TRUE", ("score", True)), 0, 2) == [299, 249]
    assert explorer.count(ask(threshold=0.985)) == 6


def test_a_filter_of_the_grid_finds_a_hostile_label(explorer: Explorer) -> None:
    said = {"label": {"type": "contains", "filter": "{ONERROR"}, "state": {"type": "notBlank"}}
    assert explorer.count(ask(GridModel.read(said, None).where())) == 0
    said["label"]["filter"] = HOSTILE.upper()
    found = explorer.rows(ask(GridModel.read(said, None).where()), 0, 10).to_pylist()
    assert [row["label"] for row in found] == [HOSTILE]


def test_another_order_than_time_is_not_followed_for_ever(explorer: Explorer) -> None:
    with pytest.raises(TooDeepError, match=r"lies beyond 100000: filter, or sort by time"):
        explorer.rows(ask("TRUE", ("score", True)), 100_000, 100_100)


def test_new_rows_are_seen_once_a_table_has_another_version(root: Path) -> None:
    times = iter([at(12), at(12), at(12, 0, 1), at(12, 0, 3)] + [at(12, 0, 3)] * 9)
    explorer = Explorer(root, lambda: next(times))
    assert explorer.count(ask()) == 300
    late = record(301) | {"status": "detected", "objects": [seen_on(301)]}
    write(root, DETECTIONS, [late])
    explorer.count(ask())
    explorer.count(ask())
    assert explorer.count(ask()) == 301


def test_a_lake_without_tables_has_no_objects(tmp_path: Path) -> None:
    explorer = Explorer(tmp_path, lambda: at(12))
    assert explorer.count(ask()) == 0
    assert explorer.health()["state"] == "empty"


def test_a_frame_is_found_by_its_id_and_tells_where_it_comes_from(explorer: Explorer) -> None:
    found = find_record(explorer, "door/s/3", DAY, DAY)
    assert found == Record(DAY, "id", 1, 3)
    known = provenance(explorer, found)
    assert known is not None
    assert known.frame["sha256"] == "ab" * 32
    assert [one["run_id"] for one in known.analyses] == ["run1"]
    assert known.run["model"] == "ssd"
    assert (known.publication["state"], known.publication["published_objects_version"]) == ("published", 4)
    assert known.versions["published_objects"] == 0


def test_the_analysis_that_counts_comes_first(root: Path, explorer: Explorer) -> None:
    again = record(3) | {"run_id": "a", "layer": "batch", "status": "detected", "objects": []}
    write(root, DETECTIONS, [again])
    known = provenance(explorer, Record(DAY, "id", 1, 3))
    assert known is not None
    assert [one["run_id"] for one in known.analyses] == ["a", "run1"]


def test_hours_tell_what_they_depend_on(explorer: Explorer) -> None:
    told = [
        (one["hour"], one["camera_id"], one["objects"]) for one in hours_of_run(explorer, "run1", DAY, DAY)
    ]
    assert told == [(at(10), "door", 75), (at(10), "yard", 75)]
    assert [one["camera_id"] for one in hours_of_record(explorer, Record(DAY, "id", 1, 3))] == ["door"]
    assert hours_of_record(explorer, Record(DAY, "id", 1, 299)) == []


@pytest.mark.parametrize(
    "words",
    [
        ("2026-11-20", "../../etc", "0", "1"),
        ("2026-11-20", "id", "0", "9" * 19),
        ("2026-11-20", "id", "-1", "1"),
        ("2026-11-20", "id", "0", "1\x00"),
        ("2026-02-30", "id", "0", "1"),
        ("2026-11-20' OR TRUE", "id", "0", "1"),
        ("2026-11-20", "id'", "0", "1"),
        ("2026-11-20", "id", "0", "\u0661"),
    ],
)
def test_words_that_name_no_record_are_refused(words: tuple[str, str, str, str]) -> None:
    with pytest.raises(RecordError):
        Record.read(*words)


def test_only_days_whose_files_are_others_are_counted_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, day = [at(12)], timedelta(days=1)
    explorer, both = Explorer(root, lambda: clock[0]), replace(ask(), last=DAY + day)
    parts: list[tuple[date, date]] = []

    def noting(count: Callable[[TableSnapshot, Question], dict[date, int]]) -> Any:
        def counting(kept: TableSnapshot, part: Question) -> dict[date, int]:
            parts.append((part.first, part.last))
            return count(kept, part)

        return counting

    def counted_anew() -> dict[date, int]:
        clock[0] += timedelta(seconds=3)
        found = explorer.count_by_day(both)
        fresh = Explorer(root, lambda: clock[0])
        assert found == fresh.count_by_day(both), "as if nothing were kept"
        for asked in (both, replace(both, order=(("observed_at", False),))):
            assert explorer.rows(asked, 0, 70).equals(fresh.rows(asked, 0, 70))
        return found

    def detect(number: int, away: timedelta) -> None:
        seen = {"observed_at": record(number)["observed_at"] + away, "day": DAY + away}
        write(
            root, DETECTIONS, [record(number) | seen | {"status": "detected", "objects": [seen_on(number)]}]
        )

    for name in ("_count", "_count_with_rows"):
        monkeypatch.setattr(explorer, name, noting(getattr(explorer, name)))
    assert counted_anew() == {DAY: 300}
    assert counted_anew() == {DAY: 300}
    assert parts == [(DAY, DAY)], "nothing is counted twice"
    decided = {"hour": at(11), "run_id": "audit2", "decided_at": at(12, 20), "day": DAY, "state": "held"}
    write(root, PUBLICATIONS, [decided | {"camera_id": "door"}])
    assert counted_anew() == {DAY: 225}, "a held hour is served no more, also of a day that is still live"
    write(root, PUBLICATIONS, [decided | {"camera_id": "yard"}])
    assert counted_anew() == {DAY: 150}
    detect(300, day)
    assert counted_anew() == {DAY: 150, DAY + day: 1}
    detect(301, day)
    assert counted_anew() == {DAY: 150, DAY + day: 2}
    assert parts[1:] == [(DAY, DAY), (DAY, DAY), (DAY + day, DAY + day), (DAY + day, DAY + day)]
    rows = explorer.rows(both, 0, 500).to_pylist()
    assert [row["offset"] for row in rows] == [301, 300, *range(149, -1, -1)]
    detect(302, timedelta())
    detect(303, day)
    assert counted_anew() == {DAY: 151, DAY + day: 3}
