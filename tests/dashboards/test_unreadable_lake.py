"""A lake whose files are gone is told in a sentence, everywhere, and read again once they are back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from benchmarks.support.running.programs import wait_for
from dashboards.app import create_app
from dashboards.explore import answers as explore_answers
from dashboards.ui.context import KEY, Context
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings
from tests.conftest import at
from tests.dashboards.report_lake import write_report_lake

OWN = {"base_url": "http://127.0.0.1:8078"}
NOW = at("12:00", "2026-11-20")


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    write_report_lake(tmp_path / "lake")
    settings = Settings(home=tmp_path, data=tmp_path, kafka="127.0.0.1:1")
    return create_app(settings, DashboardSettings(), lambda: NOW).server.test_client()


def context_of(client: FlaskClient) -> Context:
    found: Context = client.application.config[KEY]
    return found


@contextmanager
def files_gone(root: Path) -> Iterator[None]:
    """Every file of the tables stands under another name; their logs still speak of them."""
    files = list((root / "lake").rglob("*.parquet"))
    for file in files:
        file.rename(file.with_suffix(".gone"))
    try:
        yield
    finally:
        for file in files:
            file.with_suffix(".gone").rename(file)


def test_pictures_and_exports_answer_503_with_a_sentence(client: FlaskClient, tmp_path: Path) -> None:
    wanted = "/picture/2026-11-20/id/1/1.jpg", "/report/objects.csv?period=all"
    with files_gone(tmp_path):
        told = [client.get(path, **OWN) for path in wanted]
    assert [one.status_code for one in told] == [503, 503]
    assert all(one.text.startswith("The lake cannot be read: ") for one in told)
    for path in wanted:
        with client.get(path, **OWN) as answer:
            assert answer.status_code == 200


def test_rows_of_explore_are_none_and_a_sentence(client: FlaskClient, tmp_path: Path) -> None:
    context = context_of(client)
    explorer = context.services.explore

    def asked() -> str:
        return explore_answers.rows(explorer, {"period": "all"}, {"startRow": 0}, context)[1]

    with files_gone(tmp_path):
        assert asked().startswith("The lake cannot be read: ")
    assert asked() == "300 objects."


def test_the_report_says_so_and_goes_on_reading(
    client: FlaskClient, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    history = context_of(client).services.report
    with files_gone(tmp_path):
        history.start()
        request.addfinalizer(history.stop)
        wait_for("word of the missing files", lambda: "cannot be read" in history.now().error)
        assert history.health()["state"] == "error"
    wait_for("the day, once its files are back", lambda: history.now().days)
    assert history.now().error == ""
