"""The command as a user types it, over a lake without a JVM."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jobs.events.cli import app
from lake.config.settings import Settings
from tests.jobs.event_lake import contents, empty_lake, file_of, row

ROWS = [
    row("cat", "2018-10-28 02:30:00"), row("cat", "2018-10-28 02:30:00"),
    row("dog", "2018-03-25 02:30:00", "yard"), row("Nothing detected", "2018-10-28 04:00:00"),
]  # fmt: skip
MOVED = row("dog", "2018-03-25 03:30:00", "yard")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("os.nice", lambda _: 0)
    monkeypatch.setattr("jobs.harness.process.watch_parents", lambda _: None)
    for name, value in (("DATA", tmp_path / "data"), ("HOME", tmp_path), ("TIME_ZONE", "Europe/Berlin")):
        monkeypatch.setenv(f"PYCTURESTREAM_{name}", str(value))
    return empty_lake(tmp_path / "data")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_a_file_goes_in_is_listed_comes_out_and_is_taken_out(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "events")
    file, out = file_of(tmp_path, ROWS), tmp_path / "out.json"
    assert [run("import", file, "--no-publish").exit_code for _ in range(2)] == [0, 0]
    listed = run("list").stdout.split("\t")
    assert listed[1:] == [
        "events.json", "Europe/Berlin", "3 objects", "3 frames",
        "2018-03-25T01:30:00.000000Z to 2018-10-28T03:00:00.000000Z\n",
    ]  # fmt: skip
    assert run("export", out).exit_code == 0
    assert json.loads(out.read_text()) == [MOVED, *ROWS[:2], ROWS[3]]
    assert run("export", out, "--from", "2018-10-28T00:30", "--to", "2018-10-28T03:00", "--camera", "door",
               "--format", "lines", "--zone", "UTC", "--overwrite").exit_code == 0  # fmt: skip
    assert [json.loads(line)["timestamp"] for line in out.read_text().splitlines()] == [
        "2018-10-28 00:30:00"
    ] * 2
    assert run("remove", listed[0]).exit_code == 0
    assert contents(settings.lake) == {}
    assert caplog.messages == [
        f"imported 4 rows of events.json as {listed[0]}: 3 objects on 3 frames of 2 cameras; 2 at a time that"
        " came twice, taken for the first; 1 at a time that never was, moved on",
        f"events.json as {listed[0]} is in the lake already (3 objects on 3 frames): nothing was imported",
        f"wrote 4 rows to {out}, times in Europe/Berlin",
        f"wrote 2 rows to {out}, times in UTC",
        f"removed {listed[0]} (events.json): 3 frames",
    ]


@pytest.mark.usefixtures("settings")
def test_an_answer_is_one_sentence_and_status_1(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = file_of(tmp_path, [*ROWS, row("cat", "soon")])
    assert run("import", bad, "--no-publish").exit_code == 1
    assert run("export", bad).exit_code == 1
    assert run("remove", "abc").exit_code == 1
    assert caplog.messages == [
        "row 5 (line 22): 'soon' is no time; it is written as 2026-01-31 10:00:00.5",
        f"{bad} is there already: choose another name, or say --overwrite",
        "'abc' names 0 imports: say one of none at all",
    ]


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "missing.json"), "does not exist"),
        (("import", __file__, "--zone", "Mars"), "'Mars' is no time zone"),
        (("import", __file__, "--rename", "door"), "must be written as OLD=NEW"),
        (("export", "out.json", "--from", "yesterday"), "'yesterday' is no time"),
        (("export", "out.json", "--format", "csv"), "'csv' is not one of"),
    ],
)
def test_a_slip_of_the_pen_is_told_as_usage_and_status_2(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.replace("│", "").split())
