from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from filelock import FileLock

from benchmarks.support.tables.hour_rows import add, outcome, record, rows_of, thing
from dashboards.data.report_counts import ReportFilter
from dashboards.data.report_history import ReportHistory
from jobs.events import write_events
from jobs.events.event_rows import EventRowError, ReadOptions
from jobs.events.import_events import (
    EventsBusyError,
    EventsKnownError,
    ImportedOtherwiseError,
    exclusive_lock,
)
from jobs.events.imported_events import Extent, extent_of, imports_of, undecided
from jobs.events.json_rows import JsonRowsError
from jobs.events.served_events import Span
from lake.config.settings import Settings
from lake.schema.schemas import DETECTIONS
from tests.conftest import at
from tests.jobs.event_lake import (
    NOW,
    bring_in,
    contents,
    counted,
    empty_lake,
    file_of,
    row,
    take_out,
)

FIRST, LATER = "2026-01-02 11:00:00", "2026-01-02 12:30:00.500000"
ROWS = [
    row("person", FIRST), row("book", FIRST), row("book", FIRST), row("Nothing detected", LATER),
    row("cat", LATER, "yard"),
]  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return empty_lake(tmp_path / "data")


def test_rows_become_frames_of_a_run_of_their_own(settings: Settings, tmp_path: Path) -> None:
    told = bring_in(settings, file_of(tmp_path, ROWS))
    digest = told.about.sha256
    columns = (
        'topic, topic_id, "offset", camera_id, frame_id, observed_at, status, layer, cardinality(objects)'
    )
    run_id = f"imported-{digest[:12]}"
    known = [("door", at("10:00"), 3), ("door", at("11:30:00.5"), 0), ("yard", at("11:30:00.5"), 1)]
    assert rows_of(settings.lake, DETECTIONS, columns, '"offset"') == [
        (
            "imported",
            digest,
            number,
            camera,
            f"{camera}/{run_id}/{number}",
            seen,
            "detected",
            "batch",
            objects,
        )
        for number, (camera, seen, objects) in enumerate(known)
    ]
    assert imports_of(settings.lake) == [told.about]
    assert extent_of(settings.lake, told.about) == Extent(3, 4, at("10:00"), at("11:30:00.5"))
    assert list(settings.run.iterdir()) == [settings.run / "events.lock"], "nothing is left over"


def test_reports_show_them_at_every_threshold_and_on_no_map(settings: Settings, tmp_path: Path) -> None:
    bring_in(settings, file_of(tmp_path, ROWS))
    history = ReportHistory(settings.lake, lambda: NOW)
    history.refresh()
    found = history.count(ReportFilter(at("10:00"), at("12:00"), threshold=1.0, step=1))
    assert found.labels == {"book": 2, "cat": 1, "person": 1}
    assert (found.cameras, found.analysed, found.placeless) == ({"door": 3, "yard": 1}, 3, 4)
    assert (int(found.sectors.sum()), int(found.cells.sum())) == (0, 0)
    assert found.frames[0] == 1
    assert found.frames[90] == 2


def test_the_same_file_is_imported_once_by_whatever_name(settings: Settings, tmp_path: Path) -> None:
    first = bring_in(settings, file_of(tmp_path, ROWS))
    before = contents(settings.lake)
    again = bring_in(settings, file_of(tmp_path, ROWS, "copy.json"), now=NOW + timedelta(hours=1))
    assert (again.about, again.staged) == (first.about, None)
    assert contents(settings.lake) == before
    with pytest.raises(ImportedOtherwiseError, match=r"in zone Europe/Berlin: take that out first"):
        bring_in(settings, file_of(tmp_path, ROWS), ReadOptions("UTC"))


@pytest.mark.parametrize(
    ("spoilt", "error", "sentence"),
    [
        ([*ROWS, row("cat", "tomorrow")], EventRowError, "row 6 (line 27): 'tomorrow' is no time"),
        ([*ROWS, ["cat"]], JsonRowsError, "row 6 (line 27) is no JSON object"),
    ],
)
def test_a_bad_row_keeps_the_whole_file_out(
    settings: Settings, tmp_path: Path, spoilt: list[object], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as refused:
        bring_in(settings, file_of(tmp_path, spoilt))
    assert str(refused.value).startswith(sentence)
    assert contents(settings.lake) == {}


def test_a_file_that_was_copied_while_it_was_written_is_kept_out(settings: Settings, tmp_path: Path) -> None:
    whole = file_of(tmp_path, ROWS).read_text()
    part = tmp_path / "part.json"
    for length in range(1, len(whole), 7):
        part.write_text(whole[:length])
        with pytest.raises(JsonRowsError):
            bring_in(settings, part)
    assert contents(settings.lake) == {}


def test_a_file_without_rows_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    told = bring_in(settings, file_of(tmp_path, []))
    assert told.staged is not None
    assert (told.staged.rows, contents(settings.lake)) == (0, {})


def test_a_file_that_has_grown_is_not_counted_twice(settings: Settings, tmp_path: Path) -> None:
    digest = bring_in(settings, file_of(tmp_path, ROWS)).about.sha256
    before = contents(settings.lake)
    grown = [row("dog", "2026-01-02 09:00"), *ROWS, row("dog", "2026-01-02 13:00")]
    with pytest.raises(EventsKnownError) as refused:
        bring_in(settings, file_of(tmp_path, grown))
    assert str(refused.value).startswith(
        "row 2: door has a frame of 2026-01-02T10:00:00.000000Z in the lake already, of topic id"
        f" {digest[:12]};"
    )
    assert contents(settings.lake) == before
    renamed = ReadOptions("Europe/Berlin", names={"door": "old-door", "yard": "old-yard"})
    bring_in(settings, file_of(tmp_path, grown), renamed)
    assert len(take_out(settings, tmp_path / "all.json")) == len(ROWS) + len(grown)


def test_a_frame_of_a_real_camera_is_known_too_and_one_beside_it_is_not(
    settings: Settings, tmp_path: Path
) -> None:
    add(settings.lake, DETECTIONS, [outcome(record(0, at("10:00"), "door"), "detected", thing())])
    with pytest.raises(EventsKnownError, match=r"^row 1: door has a frame of 2026-01-02T10:00:00\.000000Z"):
        bring_in(settings, file_of(tmp_path, ROWS))
    beside = [row("cat", "2026-01-02 11:00:00.000001"), row("cat", FIRST, "yard")]
    bring_in(settings, file_of(tmp_path, beside))


def test_what_was_exported_cannot_be_imported_into_the_same_lake(settings: Settings, tmp_path: Path) -> None:
    seen = [outcome(record(number, at(f"10:0{number}"), "door"), "detected", thing()) for number in range(3)]
    add(settings.lake, DETECTIONS, seen)
    take_out(settings, tmp_path / "out.json")
    with pytest.raises(EventsKnownError):
        bring_in(settings, tmp_path / "out.json")


def test_an_import_that_was_killed_before_its_rows_came_begins_anew(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(write_events, "detections", killed)
        with pytest.raises(KeyboardInterrupt):
            bring_in(settings, file_of(tmp_path, ROWS))
    (settings.run / "events").mkdir()
    (settings.run / "events" / "rows.parquet").write_text("left by a kill")
    told = bring_in(settings, file_of(tmp_path, ROWS), now=NOW + timedelta(hours=1))
    assert imports_of(settings.lake) == [told.about], "one run, that of the second try"
    assert counted(take_out(settings, tmp_path / "out.json")) == counted(ROWS)


def test_hours_wait_for_publication_until_they_are_decided_about_after_the_import(
    settings: Settings, tmp_path: Path
) -> None:
    from lake.schema.batch_schemas import PUBLICATIONS

    about = bring_in(settings, file_of(tmp_path, ROWS)).about
    ten, eleven = at("10:00"), at("11:00")
    every = {(ten, "door"): 4, (eleven, "door"): 1, (eleven, "yard"): 2}
    assert undecided(settings.lake, about) == every

    def decide(hour: object, camera: str, state: str, after_s: int) -> None:
        decided = {
            "hour": hour,
            "camera_id": camera,
            "state": state,
            "day": at("10:00").date(),
            "run_id": "a",
        }
        add(settings.lake, PUBLICATIONS, [decided | {"decided_at": NOW + timedelta(seconds=after_s)}])

    decide(ten, "door", "published", -60)
    decide(eleven, "door", "open", 60)
    assert undecided(settings.lake, about) == every
    decide(eleven, "yard", "held", 60)
    decide(ten, "door", "published", 60)
    assert undecided(settings.lake, about) == {(eleven, "door"): 1}


def test_two_imports_at_once_are_refused(settings: Settings, tmp_path: Path) -> None:
    settings.run.mkdir()
    with FileLock(settings.run / "events.lock"), pytest.raises(EventsBusyError, match="wait for it to end"):
        bring_in(settings, file_of(tmp_path, ROWS))
    with pytest.raises(RuntimeError), exclusive_lock(settings):
        raise RuntimeError
    bring_in(settings, file_of(tmp_path, ROWS))


@pytest.mark.parametrize("seed", range(12))
def test_an_export_gives_back_every_row_of_an_import(seed: int, settings: Settings, tmp_path: Path) -> None:
    dice = Random(seed)
    moments = [
        f"2026-01-{dice.choice(['01', '02'])} {dice.choice(range(24)):02}:15:00{dice.choice(['', '.000001'])}"
        for _ in range(12)
    ]
    rows = [
        row(dice.choice(["cat", "dog", "Büro", "Nothing detected"]), dice.choice(moments), dice.choice("ab"))
        for _ in range(dice.randint(1, 120))
    ]
    bring_in(settings, file_of(tmp_path, rows))
    out = tmp_path / "out.json"
    assert counted(take_out(settings, out)) == counted(rows)
    assert out.read_text() == json.dumps(json.loads(out.read_text()), indent=4)
    only = take_out(settings, out, span=Span(at("23:00", "2026-01-01"), None, frozenset({"a"})))
    assert counted(only) == Counter(
        {key: n for key, n in counted(rows).items() if key[2] == "a" and key[1] >= "2026-01-02"}
    )
