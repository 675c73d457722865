from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from jobs.events.event_rows import Event, EventRowError, Form, ReadOptions, read_events, write_events
from jobs.events.event_times import EPOCH, MICROSECOND, LocalTimeProblem
from tests.conftest import at

NOW = at("12:00")
READING = ReadOptions("Europe/Berlin")


def row(label: object = "person", said: object = "2018-03-18 18:25:56.092099", camera: object = "cam") -> Any:
    return {"event_type": label, "timestamp": said, "camera_id": camera}


def read(*rows: Any, reading: ReadOptions = READING, now: datetime = NOW) -> list[Event]:
    return list(read_events(io.StringIO(json.dumps(rows)), reading, now))


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def test_each_row_is_an_event_and_nothing_detected_has_no_label() -> None:
    seen, first = at("17:25:56.092099", "2018-03-18"), at("00:30", "2018-10-28")
    assert read(row(), row("Nothing detected"), {**row("book", "2018-10-28T02:30"), "score": 1}) == [
        Event(1, "cam", micros(seen), "person"),
        Event(2, "cam", micros(seen), None),
        Event(3, "cam", micros(first), "book", LocalTimeProblem.TWICE),
    ]


def test_only_some_cameras_are_read_and_bear_their_new_names() -> None:
    rows = row(camera="Holger's cam"), row(camera="b"), row(camera="c"), row(camera="Holger's cam")
    asked = ReadOptions("UTC", frozenset({"Holger's cam", "c"}), {"Holger's cam": "door"})
    assert [(event.row, event.camera_id) for event in read(*rows, reading=asked)] == [
        (1, "door"), (3, "c"), (4, "door"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (row(label=None), "event_type is None; it must be a text"),
        ({"event_type": "cat", "camera_id": "a"}, "timestamp is missing; it must be a text"),
        (row(camera=7), "camera_id is 7; it must be a text"),
        (row(said=1521393956092), "timestamp is 1521393956092; it must be a text"),
        (row(label=""), "event_type '' must be 1 to 200 characters that can be printed"),
        (row(label="a\nb"), r"event_type 'a\nb' must be 1 to 200 characters that can be printed"),
        (row(said="18.3.2018"), "'18.3.2018' is no time; it is written as 2026-01-31 10:00:00.5"),
        (row(said="1969-12-31 23:59"), "timestamp '1969-12-31 23:59' is before 1970"),
        (
            row(said="2026-01-02 13:00:00.000001"),
            "timestamp '2026-01-02 13:00:00.000001' in Europe/Berlin is 2026-01-02T12:00:00.000001Z, which is"
            " still to come: another --zone?",
        ),
        (
            row(camera="../etc"),
            "camera id '../etc' must be 1-64 letters, digits or '_-.', not starting with '.' or '-';"
            " --rename '../etc'=NAME gives it another",
        ),
    ],
)
def test_a_row_that_is_no_event_is_refused_with_its_place_and_value(bad: Any, sentence: str) -> None:
    with pytest.raises(EventRowError) as refused:
        read(row(), row(), bad, row())
    assert str(refused.value) == f"row 3 (line 1): {sentence}"


def written(form: Form, *events: tuple[datetime, str, str | None]) -> str:
    file = io.StringIO()
    assert write_events(events, file, form, "Europe/Berlin") == len(events)
    return file.getvalue()


def test_a_list_is_written_to_the_letter_as_the_first_version_did() -> None:
    seen = at("17:25:56.092099", "2018-03-18")
    labels = "person", 'Büro "x"\\', None
    told = [row(label or "Nothing detected", camera="holger_cam") for label in labels]
    assert written(Form.LIST, *((seen, "holger_cam", label) for label in labels)) == json.dumps(
        told, indent=4
    )
    assert written(Form.LIST) == json.dumps([], indent=4)


def test_lines_are_json_of_each_row() -> None:
    seen = at("17:25:56", "2018-03-18")
    told = row("person", "2018-03-18 18:25:56"), row("Nothing detected", "2018-03-18 18:25:57")
    events = (seen, "cam", "person"), (seen + timedelta(seconds=1), "cam", None)
    assert written(Form.LINES, *events) == "".join(json.dumps(one) + "\n" for one in told)
    assert written(Form.LINES) == ""
