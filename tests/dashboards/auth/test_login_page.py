"""Logging in in a real browser, on a dashboard that runs when its first user is added."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.support.running.chromium import complaints, expect, fresh_page
from benchmarks.support.running.dashboard import running_dashboard
from dashboards.auth.users import write_users
from tests.dashboards.logins import PASSWORDS, PERSONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.system

REFUSED = "Failed to load resource: the server responded with a status of 401 (UNAUTHORIZED)"
AFTER_LOGOUT = re.compile(r"/login(\?next=%2F)?$")
"""A page that asks for its news just then is sent there too, and remembers where it was."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def base(data: Path) -> Iterator[str]:
    with running_dashboard(data) as address:
        write_users(data / "dashboard" / "users.json", PERSONS)
        yield address


@pytest.fixture
def page(base: str, browser: Browser) -> Iterator[Page]:
    with fresh_page(browser) as opened:
        said = complaints(opened)
        opened.goto(base)
        yield opened
        assert [line for line in said if line != REFUSED] == []


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def test_a_person_logs_in_works_and_logs_out(base: str, page: Page) -> None:
    page.goto(f"{base}/report?threshold=0.6")
    expect(page).to_have_url(f"{base}/login?next=%2Freport%3Fthreshold%3D0.6")
    log_in(page, "anna", "a wrong password")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("anna")
    expect(page.get_by_label("Password")).to_be_focused()
    log_in(page, "anna", PASSWORDS["anna"])
    expect(page.get_by_role("heading", name="Report")).to_be_visible()
    assert page.url.startswith(f"{base}/report?")
    expect(page.locator("#report-summary")).not_to_be_empty()
    page.get_by_role("link", name="Explore").click()
    expect(page.get_by_role("heading", name="Explore")).to_be_visible()
    expect(page.locator(".person-above")).to_contain_text("anna (admin)")
    page.locator(".person-above").get_by_role("button", name="Log out").click()
    expect(page).to_have_url(AFTER_LOGOUT)
    page.go_back()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_viewer_is_not_offered_what_is_for_admins(base: str, page: Page) -> None:
    log_in(page, "vic", PASSWORDS["vic"])
    expect(page.get_by_role("link", name="Report")).to_be_visible()
    expect(page.locator(".person-above")).to_contain_text("vic (viewer)")
    assert page.get_by_role("link", name="Pipeline").count() == 0
    shown = page.request.get(f"{base}/pipeline", headers={"Accept": "text/html"})
    assert (shown.status, "This is for admins only." in shown.text()) == (403, True)


def test_an_open_page_of_a_removed_user_asks_for_the_login(data: Path, base: str, page: Page) -> None:
    log_in(page, "vic", PASSWORDS["vic"])
    expect(page.get_by_role("heading", name="Live")).to_be_visible()
    file = data / "dashboard" / "users.json"
    write_users(file, {"anna": PERSONS["anna"]})
    try:
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    finally:
        write_users(file, PERSONS)


def test_the_login_fits_a_phone_and_needs_no_script(base: str, browser: Browser) -> None:
    with fresh_page(browser, 390, 844, java_script_enabled=False) as plain:
        plain.goto(f"{base}/login?next=/healthz")
        log_in(plain, "anna", PASSWORDS["anna"])
        expect(plain).to_have_url(f"{base}/healthz")
    with fresh_page(browser, 390, 844) as small:
        small.goto(base)
        log_in(small, "anna", PASSWORDS["anna"])
        expect(small.get_by_role("heading", name="Live")).to_be_visible()
        assert small.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        small.get_by_label("Menu").click()
        small.locator(".person-below").get_by_role("button", name="Log out").click()
        expect(small).to_have_url(AFTER_LOGOUT)
        assert small.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
