"""Every page, light and dark, held against axe-core's rules by a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.support.running.dashboard import running_dashboard
from benchmarks.support.tables.arrow_tables import write
from lake.contracts.hours import hour_of
from lake.schema.schemas import STREAM_PROGRESS
from tests.dashboards.pipeline_lake import progress_rows, write_states
from tests.dashboards.quality_lake import write_quality_lake
from tests.dashboards.report_lake import write_report_lake

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.system

SPAN = "period=custom&from=2026-11-20T10:00:00Z&to=2026-11-20T13:00:00Z"
PAGES = {
    "/": "#live-trouble",
    f"/report?{SPAN}": "#report-timeline .main-svg",
    f"/explore?{SPAN}": "#explore-grid .ag-row",
    "/quality": "#quality-map td a",
    "/pipeline": "#pipeline-behind .main-svg",
}
"""Page → what is there once it is drawn."""
GRAVE = ("critical", "serious")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("data")
    now = datetime.now(UTC)
    write_report_lake(data / "lake")
    write_quality_lake(data / "lake", hour_of(now))
    write(data / "lake", STREAM_PROGRESS, progress_rows(now))
    write_states(data / "run", now, "http://127.0.0.1:4040")
    with running_dashboard(data) as address:
        yield address


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, page: Page) -> Page:
    page.emulate_media(color_scheme=request.param)
    return page


def faults(page: Page) -> list[tuple[str, str]]:
    """(rule, HTML) of everything on the page that is in the way of somebody."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        (one["id"], node["html"][:200]) for one in found if one["impact"] in GRAVE for node in one["nodes"]
    ]


def test_no_page_is_in_the_way_of_anybody(base: str, page: Page) -> None:
    found = {}
    for address, drawn in PAGES.items():
        page.goto(base + address)
        page.locator(drawn).first.wait_for()
        found[address.partition("?")[0]] = faults(page)
    assert found == {path: [] for path in found}


def test_a_picture_without_words_would_be_found(base: str, page: Page) -> None:
    page.goto(base)
    page.locator("#live-trouble").wait_for()
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert "image-alt" in {rule for rule, _ in faults(page)}
