"""Explore in a real browser, against a running dashboard on a small lake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.support.running.chromium import expect
from benchmarks.support.running.dashboard import running_dashboard
from tests.dashboards.explore_lake import HOSTILE, write_lake

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.system

SPAN = "period=custom&from=2026-11-20T10:00:00Z&to=2026-11-20T12:00:00Z&zone=utc"
ROW = "#explore-grid .ag-center-cols-container .ag-row"
CORNER = """image => { const c = document.createElement('canvas'); c.width = image.naturalWidth;
  c.height = image.naturalHeight; const x = c.getContext('2d'); x.drawImage(image, 0, 0);
  return [[320, 90], [320, 180]].map(([a, b]) => Array.from(x.getImageData(a, b, 1, 1).data)); }"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("data")
    write_lake(data / "lake")
    with running_dashboard(data) as address:
        yield address


def test_an_address_opens_the_rows_it_speaks_of(base: str, page: Page) -> None:
    page.goto(f"{base}/explore?{SPAN}&camera=door&label=cat")
    expect(page.locator("#explore-status")).to_have_text("50 objects.")
    expect(page.locator(f"{ROW}[row-index='0'] [col-id='camera_id']")).to_have_text("door")


def test_sorting_and_filtering_ask_the_server_and_stay_in_the_address(base: str, page: Page) -> None:
    page.goto(f"{base}/explore?{SPAN}")
    expect(page.locator("#explore-status")).to_have_text("300 objects.")
    page.click("#explore-grid .ag-header-cell[col-id='score'] .ag-header-cell-label")
    expect(page.locator(f"{ROW}[row-index='0'] [col-id='score']")).to_have_text("0.5")
    page.fill("#explore-grid .ag-floating-filter input[aria-label^='Label']", "onerror")
    expect(page.locator("#explore-status")).to_have_text("1 objects.")
    expect(page.locator(f"{ROW}[row-index='0'] [col-id='label']")).to_have_text(HOSTILE)
    page.goto(page.url)
    expect(page.locator("#explore-status")).to_have_text("1 objects.")


def test_a_row_opens_its_picture_with_boxes_and_the_keyboard_leads_on(base: str, page: Page) -> None:
    page.goto(f"{base}/explore?{SPAN}")
    page.locator(f"{ROW}[row-index='1'] [col-id='label']").click()
    picture = page.locator("#explore-body img")
    expect(picture).to_have_attribute("alt", "Picture of yard with boxes around: cat 0.98")
    expect(picture).to_have_js_property("naturalWidth", 640)
    edge, middle = picture.evaluate(CORNER)
    assert max(edge[:3]) - min(edge[:3]) > 40
    assert max(middle[:3]) - min(middle[:3]) < 8
    expect(page.locator("#explore-body")).to_contain_text("<b>x")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#explore-told")).to_have_text("Frame yard/s/296")
    page.keyboard.press("Escape")
    expect(picture).to_be_hidden()
    expect(page.locator("#explore-grid .ag-cell:focus")).to_have_count(1)
    assert "frame=" not in page.url


def test_enter_on_a_cell_opens_its_frame(base: str, page: Page) -> None:
    page.goto(f"{base}/explore?{SPAN}")
    first = page.locator(f"{ROW}[row-index='0'] [col-id='label']")
    expect(first).to_have_text("dog")
    first.click()
    page.locator("#explore-body img").wait_for()
    inside = page.locator(".mantine-Drawer-content :focus")
    expect(inside).to_have_count(1)
    first.focus()
    expect(inside).to_have_count(1)
    page.keyboard.press("Escape")
    page.locator("#explore-body img").wait_for(state="hidden")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#explore-told")).to_have_text("Frame yard/s/298")


def test_a_frame_in_the_address_opens_directly_and_a_hostile_label_is_text(base: str, page: Page) -> None:
    page.goto(f"{base}/explore?{SPAN}&frame=door/s/5")
    expect(page.locator("#explore-body figcaption")).to_contain_text(HOSTILE)
    expect(page.locator("#explore-body img")).to_have_count(1)


def test_a_synthetic_frame_says_that_it_has_no_picture(base: str, page: Page) -> None:
    page.goto(f"{base}/explore?{SPAN}&frame=door/s/7")
    expect(page.locator(".no-picture")).to_have_text("No picture: synthetic history has none.")


def test_a_filter_that_nobody_knows_is_said_with_a_cure(base: str, page: Page) -> None:
    page.goto(f"{base}/explore?period=ever")
    expect(page.locator("[role=alert]")).to_contain_text("ever")
