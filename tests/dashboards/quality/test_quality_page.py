"""The page of quality in a real browser, against a running dashboard on a small lake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlsplit

import pytest

from benchmarks.support.running.chromium import complaints, expect, fresh_page
from benchmarks.support.running.dashboard import running_dashboard
from benchmarks.support.tables.arrow_tables import write
from lake.contracts.hours import hour_of
from lake.contracts.wire_format import rfc3339
from lake.schema.batch_schemas import QUALITY_RESULTS
from tests.dashboards.docs_site import write_site
from tests.dashboards.explore_lake import HOSTILE
from tests.dashboards.quality_lake import (
    HOUR,
    REASON,
    SCORES,
    SECTORS,
    SEEN,
    audit,
    fell_short,
    write_quality_lake,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.system

NOW = hour_of(datetime.now(UTC))
"""The page looks back from the real now."""
FOUR, FIVE = NOW - 4 * HOUR, NOW - 5 * HOUR
BLOCKED = "Content Security Policy"
"""What Great Expectations writes into its pages for a click is not run."""
READ = "Hours of cameras: 2 published, 2 held, 1 open. Of 12 checks, 2 failed and 1 warned."


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("data")
    write_quality_lake(data / "lake", NOW)
    write_site(data / "quality", "second", FOUR, NOW - HOUR / 2, HOSTILE)
    return data


@pytest.fixture(scope="module")
def base(data: Path) -> Iterator[str]:
    with running_dashboard(data) as address:
        yield address


def opened(page: Page, address: str, said: str = READ) -> Page:
    page.goto(address)
    expect(page.locator("#quality-summary")).to_have_text(said)
    return page


def row(page: Page, expectation: str) -> Locator:
    return page.locator(f'#quality-map tr[data-expectation="{expectation}"]')


def cell(page: Page, expectation: str, at: datetime) -> Locator:
    return row(page, expectation).locator(f'td[data-at="{rfc3339(at)}"]')


def shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def test_held_hours_are_told_with_reasons_and_what_is_served(base: str, page: Page) -> None:
    opened(page, f"{base}/quality?zone=utc")
    expect(page.locator("#quality-freshness")).to_have_text(
        f"The newest audit was at {shown(NOW - HOUR / 2)}, in run second."
    )
    never, before = page.locator("#quality-held tbody tr").all()
    expect(never.locator("th, td:not(:last-child)")).to_have_text(
        [shown(FOUR), HOSTILE, shown(NOW - HOUR), f"{REASON}and another", "nothing of this hour"]
    )
    expect(before.locator("th, td:not(:last-child)")).to_have_text(
        [shown(FIVE), "door", shown(NOW - HOUR / 2), REASON, f"what was published at {shown(NOW - HOUR)}"]
    )
    for place in ("explore", "report"):
        link = never.get_by_role("link", name=place.capitalize()).get_attribute("href") or ""
        assert link.startswith(f"/{place}?camera={quote_plus(HOSTILE)}&period=custom&from={FOUR:%Y-%m-%d}T")


def test_the_map_tells_states_by_letter_and_shows_what_fell_short(base: str, page: Page) -> None:
    opened(page, f"{base}/quality?zone=utc")
    assert page.locator("#quality-map tbody th").all_inner_texts() == [SCORES, SEEN]
    marks = [cell(page, SCORES, NOW - number * HOUR).inner_text() for number in (5, 4, 3, 2)]
    assert marks == ["F", "F", "P", "·"]
    assert cell(page, SEEN, FOUR).inner_text() == "W"
    colours = {
        state: page.locator(f'#quality-map td[data-state="{state}"]').first.evaluate(
            "cell => getComputedStyle(cell).backgroundColor"
        )
        for state in ("failed", "warned", "passed", "not run")
    }
    assert len(set(colours.values())) == 4


def test_filters_go_to_the_address_and_come_back_from_it(base: str, page: Page) -> None:
    opened(page, f"{base}/quality")
    page.click("#quality-show")
    page.get_by_role("option", name="All", exact=True).click()
    page.wait_for_url("**show=all**")
    expect(row(page, SECTORS)).to_be_visible()
    page.click("#quality-severity")
    page.get_by_role("option", name="Warnings", exact=True).click()
    page.wait_for_url("**severity=warning**")
    expect(row(page, SECTORS)).to_have_count(0)
    page.click("#quality-period")
    page.get_by_role("option", name="Last 7 days").click()
    page.wait_for_url("**period=7d**")
    page.click("#quality-camera")
    page.get_by_role("option", name=HOSTILE, exact=True).click()
    page.wait_for_url("**camera=%3Cimg**")
    mine = "Hours of cameras: 0 published, 1 held, 0 open. Of 1 check, 0 failed and 0 warned."
    expect(page.locator("#quality-summary")).to_have_text(mine)
    opened(page, page.url, mine)
    expect(page.locator("#quality-severity")).to_have_value("Warnings")
    expect(page.locator("#quality-period")).to_have_value("Last 7 days")
    expect(page.locator("#quality-map thead tr:nth-child(2) th")).to_have_count(28)


def test_a_click_on_a_cell_tells_its_checks_and_stays_in_the_address(base: str, page: Page) -> None:
    opened(page, f"{base}/quality?zone=utc")
    cell(page, SCORES, FOUR).click()
    details = page.locator("#quality-details tbody tr")
    expect(details).to_have_count(2)
    expect(details.first.locator("td")).to_have_text(
        [HOSTILE, "failed", "120", "3", f"label {HOSTILE}", f"{shown(NOW - HOUR / 2)}second"]
    )
    expect(details.last.locator("td").nth(1)).to_have_text("passed")
    expect(page.locator("#quality-details")).to_contain_text(
        "Expected: each score is from 0.2 to 1 (objects_candidate; critical)."
    )
    expect(cell(page, SCORES, FOUR)).to_have_attribute("data-chosen", "")
    page.wait_for_url(f"**expectation={SCORES}&at={FOUR:%Y-%m-%d}T**")
    opened(page, page.url)
    expect(details).to_have_count(2)


def test_a_passed_cell_answers_a_click_and_names_answer_the_keyboard(base: str, page: Page) -> None:
    opened(page, f"{base}/quality?zone=utc")
    cell(page, SCORES, NOW - 3 * HOUR).click()
    expect(page.locator("#quality-details tbody td").nth(1)).to_have_text("passed")
    row(page, SEEN).get_by_role("link", name=SEEN).press("Enter")
    expect(page.locator("#quality-told")).to_contain_text(SEEN)
    expect(page.locator("#quality-details tbody tr")).to_have_count(4)
    expect(page.locator("#quality-details tbody td").nth(1)).to_have_text("warned")


def test_data_docs_of_a_held_hour_open_without_asking_anybody_else(base: str, browser: Browser) -> None:
    hosts: set[str] = set()
    with fresh_page(browser) as page:
        wrong = complaints(page)
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        opened(page, f"{base}/quality")
        page.locator("#quality-held").get_by_role("link", name="Data Docs").first.click()
        page.wait_for_url("**/data-docs/runs/*/objects_candidate.html")
        expect(page.get_by_text("each score is from 0.2 to 1", exact=True).first).to_be_visible()
        expect(page.get_by_text(HOSTILE).first).to_be_visible()
        assert page.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse") == "collapse"
        page.get_by_role("link", name="Home").click()
        expect(page.get_by_role("heading", name="Data quality")).to_be_visible()
        page.get_by_role("link", name="Back to the dashboard").click()
        expect(page.locator("#quality-summary")).to_have_text(READ)
        assert hosts == {urlsplit(base).netloc}
    assert [line for line in wrong if BLOCKED not in line] == []


def test_charts_count_hours_and_checks_by_day_and_in_numbers(base: str, page: Page) -> None:
    opened(page, f"{base}/quality?period=30d&zone=utc")
    page.get_by_text("The same in numbers").click()
    numbers = [
        [int(word) for word in one.locator("td").all_inner_texts()]
        for one in page.locator("#quality-days tbody tr").all()
    ]
    assert [sum(column) for column in zip(*numbers, strict=True)] == [9, 1, 2, 2, 2, 1]
    for chart, total in (("hours", 5), ("checks", 3)):
        drawn = page.evaluate(
            "name => document.querySelector(`#quality-${name} .js-plotly-plot`).data"
            ".flatMap(trace => Array.from(trace.y)).reduce((sum, y) => sum + y, 0)",
            chart,
        )
        assert drawn == total


def test_a_word_that_nobody_knows_is_said_with_a_cure(base: str, page: Page) -> None:
    page.goto(f"{base}/quality?period=ever")
    expect(page.locator("[role=alert]")).to_contain_text("period 'ever' is none of: 24h, 7d, 30d")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(base: str, browser: Browser, scheme: str) -> None:
    with fresh_page(browser, 390, 800) as page:
        opened(page, f"{base}/quality?expectation={SCORES}")
        page.get_by_text(scheme, exact=True).click()
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        expect(page.locator("#quality-details tbody tr").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        newest = page.locator("#quality-map thead tr:nth-child(2) th").last.bounding_box()
        assert newest is not None
        assert newest["x"] + newest["width"] <= 390
        assert float(page.locator("#quality-held td").first.evaluate(BRIGHTNESS)) > 0.5


BRIGHTNESS = """cell => {
    const sum = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).reduce((all, one) => all + Number(one), 0);
    const behind = sum(getComputedStyle(document.body).backgroundColor);
    return Math.abs(sum(getComputedStyle(cell).color) - behind) / 765;
}"""
"""How far apart a cell's letters and the page are, 0..1."""


def test_a_new_audit_is_drawn_without_a_reload(base: str, data: Path, page: Page) -> None:
    opened(page, f"{base}/quality?zone=utc")
    late = audit(NOW - 3 * HOUR, "door", "third", NOW, **{SECTORS: fell_short(5)})
    write(data / "lake", QUALITY_RESULTS, late)
    expect(cell(page, SECTORS, NOW - 3 * HOUR)).to_have_text("F")
    expect(page.locator("#quality-summary")).to_contain_text("3 failed")


def test_without_an_audit_the_page_says_how_to_get_one(tmp_path: Path, page: Page) -> None:
    with running_dashboard(tmp_path) as base:
        page.goto(f"{base}/quality")
        expect(page.locator("#quality-freshness")).to_contain_text("airflow dags trigger hourly_counts")
        expect(page.locator("#quality-held")).to_have_text("No hour of this period is held.")
        expect(page.locator("#quality-map")).to_have_text("No check was run in this period.")
        page.goto("about:blank")  # before its server ends
