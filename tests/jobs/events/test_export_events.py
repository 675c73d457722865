from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.support.tables.hour_rows import add, outcome, record, thing
from jobs.events.event_rows import Form
from jobs.events.export_events import ExportExistsError, export_events, parse_moment
from jobs.events.served_events import Span
from lake.config.settings import Settings
from lake.schema.batch_schemas import PUBLICATIONS, PUBLISHED_OBJECTS
from lake.schema.schemas import DETECTIONS
from tests.conftest import at
from tests.jobs.event_lake import NOW, Row, empty_lake, row, take_out

DAY = at("10:00").date()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Ten o'clock is published, eleven live, twelve held, one held after it was published."""
    settings = empty_lake(tmp_path / "data")
    seen = [thing("cat", 0.75), thing("dog", 0.4)]
    frames = [
        record(0, at("10:00"), "door"), record(1, at("10:01"), "door"), record(2, at("11:00"), "door"),
        record(3, at("11:01"), "door"), record(4, at("11:02"), "yard"), record(5, at("12:00"), "door"),
        record(6, at("13:00"), "door"), record(7, at("13:01"), "door"),
    ]  # fmt: skip
    things: list[list[Any]] = [seen, [], seen, [thing("dog", 0.4)], [], seen, seen, []]
    own = [outcome(one, "detected", *some) for one, some in zip(frames, things, strict=True)]
    others = [
        outcome(record(8, at("11:05"), "door"), "skipped_stale"),
        outcome(record(9, at("11:06"), "door", replay_id="again"), "detected"),
        outcome(record(10, at("11:07"), "door", frame_id=frames[2]["frame_id"]), "detected", thing("ape")),
        outcome(
            record(11, at("00:30", "2026-01-03"), "door", frame_id=frames[2]["frame_id"]), "detected", thing()
        ),
        outcome(frames[3], "detected", thing("cow"), layer="batch", run_id="batch-1"),
    ]
    add(settings.lake, DETECTIONS, own + others)
    for hour, state in (("10:00", "published"), ("12:00", "held"), ("13:00", "published"), ("13:00", "held")):
        decided = {"hour": at(hour), "camera_id": "door", "state": state, "run_id": state, "day": DAY}
        add(settings.lake, PUBLICATIONS, [decided | {"decided_at": NOW + timedelta(seconds=state == "held")}])
    for number, known in ((0, frames[0]), (1, frames[6])):
        more = {
            "hour": known["observed_at"],
            "object_number": 0,
            "label": f"published {number}",
            "score": 0.75,
        }
        add(settings.lake, PUBLISHED_OBJECTS, [known | more])
    return settings


SERVED = [
    row("published 0", "2026-01-02 10:00:00"),
    row("Nothing detected", "2026-01-02 10:01:00"),
    row("cat", "2026-01-02 11:00:00"),
    row("cow", "2026-01-02 11:01:00"),
    row("Nothing detected", "2026-01-02 11:02:00", "yard"),
    row("published 1", "2026-01-02 13:00:00"),
    row("Nothing detected", "2026-01-02 13:01:00"),
]


def test_what_reports_count_is_written_and_frames_that_show_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    assert take_out(settings, tmp_path / "out.json", zone="UTC") == SERVED


def test_an_object_below_the_threshold_is_not_there_and_its_frame_shows_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    found = take_out(settings, tmp_path / "out.json", zone="UTC", threshold=0.8)
    told = [row("Nothing detected", one["timestamp"], one["camera_id"]) for one in SERVED]
    assert found == told
    lowest = take_out(settings, tmp_path / "out.json", zone="UTC", threshold=0.2)
    assert [one["event_type"] for one in lowest] == [
        "published 0", "Nothing detected", "cat", "dog", "cow", "Nothing detected", "published 1",
        "Nothing detected",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("span", "found"),
    [
        (Span(at("10:01"), at("11:01")), SERVED[1:3]),
        (Span(at("11:02")), SERVED[4:]),
        (Span(None, at("10:00:00.000001")), SERVED[:1]),
        (Span(cameras=frozenset({"yard", "gate"})), SERVED[4:5]),
        (Span(at("00:00", "2026-01-03")), []),
    ],
)
def test_a_span_and_cameras_are_chosen(
    settings: Settings, tmp_path: Path, span: Span, found: list[Row]
) -> None:
    assert take_out(settings, tmp_path / "out.json", zone="UTC", span=span) == found


def test_times_are_told_in_the_zone_asked_for(settings: Settings, tmp_path: Path) -> None:
    found = take_out(settings, tmp_path / "out.json", zone="Asia/Kolkata", span=Span(None, at("10:01")))
    assert found == [row("published 0", "2026-01-02 15:30:00")]
    assert parse_moment("2026-01-02", "Asia/Kolkata") == at("18:30", "2026-01-01")
    assert parse_moment("2026-01-02T10:00Z", "Asia/Kolkata") == at("10:00")


def test_lines_are_written_where_they_are_asked_for(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    told: dict[str, Any] = {"zone": "UTC", "form": Form.LINES}
    export_events(settings.lake, out, Span(), 0.5, lambda: NOW, **told)
    assert [json.loads(line) for line in out.read_text().splitlines()] == SERVED


def test_a_file_is_there_whole_or_not_at_all_and_none_is_overwritten(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "own" / "events.json"
    out.parent.mkdir()
    out.write_text("precious")
    with pytest.raises(
        ExportExistsError, match=r"is there already: choose another name, or say --overwrite$"
    ):
        export_events(settings.lake, out, Span(), 0.5, lambda: NOW, zone="UTC")

    def fails(*_: object) -> Any:
        yield at("10:00"), "door", "cat"
        raise OSError("no space left")

    monkeypatch.setattr("jobs.events.export_events.served_events", fails)
    with pytest.raises(OSError, match="no space left"):
        take_out(settings, out)
    assert {path: path.read_text() for path in out.parent.iterdir()} == {out: "precious"}


def test_a_lake_without_events_is_an_empty_list(tmp_path: Path) -> None:
    assert take_out(empty_lake(tmp_path / "data"), tmp_path / "out.json") == []
