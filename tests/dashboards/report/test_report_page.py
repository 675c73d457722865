"""The report in a real browser, against a running dashboard on a small lake."""

from __future__ import annotations

import csv
import io
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote

import pyarrow.parquet as parquet
import pytest

from benchmarks.support.running.chromium import expect, fresh_page
from benchmarks.support.running.dashboard import running_dashboard
from benchmarks.support.tables.arrow_tables import write
from dashboards.report.export_routes import COLUMNS
from lake.schema.schemas import CAMERA_REGISTRATIONS
from tests.dashboards.explore_lake import HOSTILE, at
from tests.dashboards.report_lake import POISON, write_report_lake

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.system

SPAN = "period=custom&from=2026-11-20T10:00:00Z&to=2026-11-20T13:00:00Z&zone=utc"
READ = "300 objects on 300 analysed frames of 2 cameras: 1.00 per frame."


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("data")
    write_report_lake(data / "lake")
    told = {"name": HOSTILE, "place": "Hall", "time_zone": "Asia/Tokyo", "enabled": True, "since": at(9)}
    write(data / "lake", CAMERA_REGISTRATIONS, [told | {"camera_id": "door"}])
    with running_dashboard(data) as address:
        yield address


def figure(page: Page, name: str) -> dict[str, Any]:
    """What the browser draws."""
    page.locator(f"#report-{name} .js-plotly-plot .main-svg").first.wait_for()
    seen = page.evaluate(
        "name => { const g = document.querySelector(`#report-${name} .js-plotly-plot`);"
        " return JSON.parse(JSON.stringify({data: g.data, layout: g.layout})); }",
        name,
    )
    return dict(seen)


def click(page: Page, name: str, trace: int, point: int) -> None:
    """A click on a bar, where Plotly has drawn it."""
    bar = page.locator(
        f"#report-{name} .barlayer .trace:nth-child({trace + 1}) .point:nth-child({point + 1}) path"
    )
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box
    place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*place)
    page.locator(f"#report-{name} .hoverlayer .hovertext").first.wait_for()
    page.mouse.click(*place)


def test_an_address_is_drawn_with_coverage_beside_the_counts(base: str, page: Page) -> None:
    page.goto(f"{base}/report?{SPAN}&axis=hour&measure=sum")
    expect(page.locator("#report-summary")).to_have_text(READ)
    expect(page.locator("#report-freshness")).to_contain_text("2 published, 2 live, 1 held")
    bars = figure(page, "histogram")["data"]
    assert {sum(one["y"][hour] for one in bars) for hour in (10, 11)} == {150}
    states = {one["name"]: one["x"] for one in figure(page, "coverage")["data"]}
    assert states == {
        "published": ["2026-11-20T10:00"],
        "live": ["2026-11-20T11:00"],
        "held": ["2026-11-20T12:00"],
    }
    assert POISON not in page.content()
    expect(page.locator("#report-donut .legendtext", has_text=HOSTILE)).to_be_visible()


def test_filters_go_to_the_address_and_come_back_from_it(base: str, page: Page) -> None:
    page.goto(f"{base}/report?{SPAN}")
    expect(page.locator("#report-summary")).to_have_text(READ)
    page.click("#report-label")
    page.get_by_role("option", name="cat", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator("#report-summary")).to_contain_text("100 objects")
    page.wait_for_url("**label=cat**")
    page.click("#report-axis")
    page.get_by_role("option", name="Day of the week").click()
    page.wait_for_url("**axis=weekday**")
    page.goto(page.url)
    expect(page.locator("#report-summary")).to_contain_text("100 objects")
    assert figure(page, "histogram")["data"][0]["x"][0] == "Mon"
    expect(page.locator("#report-axis")).to_have_value("Day of the week")


def test_a_camera_is_chosen_by_its_name_and_counted_by_the_clock_of_its_place(base: str, page: Page) -> None:
    page.goto(f"{base}/report?{SPAN}&measure=sum&axis=hour")
    expect(page.locator("#report-summary")).to_have_text(READ)
    page.click("#report-camera")
    page.get_by_role("option", name=f"{HOSTILE} · Hall (door)", exact=True).click()
    page.keyboard.press("Escape")
    page.wait_for_url("**camera=door**")
    expect(page.locator("#report-summary")).to_contain_text("150 objects")
    page.click("#report-zone")
    page.get_by_role("option", name="Asia/Tokyo (door)", exact=True).click()
    page.wait_for_url("**zone=Asia%2FTokyo**")
    page.goto(f"{base}/report?{SPAN.replace('utc', 'Asia/Tokyo')}&measure=sum&axis=hour&camera=door")
    expect(page.locator("#report-freshness")).to_contain_text("JST")
    bars = figure(page, "histogram")["data"]
    assert [sum(one["y"][hour] for one in bars) for hour in (10, 11, 19, 20)] == [0, 0, 75, 75]


def test_a_bar_opens_the_rows_behind_it(base: str, page: Page) -> None:
    page.goto(f"{base}/report?{SPAN}&bucket=60&measure=sum&label=dog")
    assert figure(page, "timeline")["data"][0]["y"][:2] == [49, 50]
    click(page, "timeline", 0, 1)
    expect(page.locator("#explore-status")).to_have_text("50 objects.")
    expect(page.locator("#explore-summary")).to_contain_text("dog; 2026-11-20 11:00 to 2026-11-20 12:00 UTC")


def test_a_bar_of_the_clock_opens_its_hours_alone(base: str, page: Page) -> None:
    page.goto(f"{base}/report?{SPAN.replace('utc', 'site')}&measure=sum&label=dog")
    assert figure(page, "histogram")["data"][0]["y"][11:13] == [49, 50]
    click(page, "histogram", 0, 12)
    expect(page.locator("#explore-status")).to_have_text("50 objects.")
    expect(page.locator("#explore-summary")).to_contain_text("only hour 12")


def fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bytes(answer.read())


def test_exports_hold_exactly_the_objects_that_are_counted(base: str) -> None:
    asked = f"{SPAN}&label={quote(HOSTILE)},cat&camera=door"
    rows = list(csv.DictReader(io.StringIO(fetch(f"{base}/report/objects.csv?{asked}").decode())))
    table = parquet.read_table(io.BytesIO(fetch(f"{base}/report/objects.parquet?{asked}")))
    assert table.column_names == list(COLUMNS) == list(rows[0])
    offsets = [number for number in range(300) if number % 2 and (number % 3 == 1 or number == 5)]
    assert [int(row["offset"]) for row in rows] == table["offset"].to_pylist() == offsets
    assert {row["label"] for row in rows} == {"cat", HOSTILE}
    assert len(fetch(f"{base}/report/objects.csv?{SPAN}").splitlines()) == 301
    assert len(fetch(f"{base}/report/objects.csv?{SPAN}&label=none").splitlines()) == 1


def test_an_export_of_nonsense_is_refused_in_a_sentence(base: str) -> None:
    with pytest.raises(HTTPError, match="400") as refused:
        fetch(f"{base}/report/objects.csv?period=ever")
    assert "ever" in refused.value.read().decode()


def test_a_word_that_nobody_knows_is_said_with_a_cure(base: str, page: Page) -> None:
    page.goto(f"{base}/report?axis=year")
    expect(page.locator("[role=alert]")).to_contain_text("axis 'year' is none of")


def test_a_threshold_between_two_steps_is_said_to_be_taken_as_one_of_them(base: str, page: Page) -> None:
    page.goto(f"{base}/report?{SPAN}&threshold=0.53")
    expect(page.locator("#report")).to_contain_text("the least score is 0.55 here, not 0.53.")
    expect(page.locator("#report-summary")).to_contain_text("270 objects")
    page.wait_for_url("**threshold=0.55**")


def test_nothing_seen_is_said_on_a_phone_without_scrolling_sideways(base: str, browser: Browser) -> None:
    with fresh_page(browser, 390, 800) as page:
        page.goto(f"{base}/report?{SPAN}&label=unicorn")
        expect(page.locator("#report-summary")).to_contain_text("0 objects on 300 analysed frames")
        expect(page.locator("#report-donut .annotation-text")).to_have_text("No objects on 300 frames")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
