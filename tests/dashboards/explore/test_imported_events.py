"""Imported events on the pages: they have no picture, no box and no score, and the pages say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from dashboards.data.provenance import Record
from dashboards.data.report_counts import ReportFilter
from dashboards.data.report_history import ReportHistory
from dashboards.explore import picture_routes
from dashboards.explore.answers import drawer
from dashboards.explore.grid import shown
from dashboards.report import sentences as report_words
from dashboards.ui.context import KEY, Context
from dashboards.ui.services import Services
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings
from lake.serving.questions import Question
from tests.conftest import at
from tests.jobs.event_lake import NOW, bring_in, empty_lake, file_of, row

NO_PICTURE = "No picture stored: an imported event has none, nor a box or a score."
DAY = at("10:00").date()
ROWS = [
    row("cat", "2026-01-02 11:00:00"),
    row("cat", "2026-01-02 11:00:00"),
    row("Nothing detected", "2026-01-02 11:01"),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("imported")
    settings = empty_lake(folder / "data")
    bring_in(settings, file_of(folder, ROWS))
    return settings


@pytest.fixture(scope="module")
def context(settings: Settings) -> Context:
    return Context(settings, DashboardSettings(), lambda: NOW, Services.of(settings, "", lambda: NOW))


def objects(context: Context) -> list[dict[str, Any]]:
    everything = Question(DAY, DAY, "TRUE", (), 0.5)
    found: list[dict[str, Any]] = context.services.explore.rows(everything, 0, 10).to_pylist()
    return found


def test_the_grid_lists_each_object_without_a_place(context: Context) -> None:
    listed = [shown(one, ZoneInfo("Europe/Berlin")) for one in objects(context)]
    told = ("observed_at", "camera_id", "label", "sector_v", "sector_h", "state")
    assert [tuple(one[name] for name in told) for one in listed] == [
        ("2026-01-02 11:00:00.000 CET", "door", "cat", None, None, "live")
    ] * 2


def test_the_drawer_says_that_there_is_no_picture_and_where_the_event_comes_from(context: Context) -> None:
    record = Record.of(objects(context)[0])
    opened, body, _, _ = drawer(context.services.explore, record, {}, context)
    said = str(body)
    assert opened
    assert NO_PICTURE in said
    for word in ("unknown: events of the first version", "none: times read in Europe/Berlin", "events.json"):
        assert word in said


def test_its_address_answers_the_same(context: Context) -> None:
    server = Flask("test", static_folder=None)
    server.config[KEY] = context
    picture_routes.register(server)
    answer = server.test_client().get(f"/picture/{Record.of(objects(context)[0]).key}.jpg")
    assert (answer.status_code, answer.text) == (404, f"{NO_PICTURE}\n")


def test_the_report_says_how_many_objects_no_map_shows(settings: Settings) -> None:
    history = ReportHistory(settings.lake, lambda: NOW)
    history.refresh()
    assert report_words.summary(history.count(ReportFilter(at("10:00"), at("11:00")))) == (
        "2 objects on 2 analysed frames of 1 camera: 1.00 per frame."
        " 2 objects were imported without their place in the picture, and are on neither map."
    )
