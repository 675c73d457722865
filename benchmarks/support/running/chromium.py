"""A real browser: the machine's own Chromium or Chrome, driven without a window.

Playwright is imported where a browser starts, so that all tests can be collected without it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
PATIENCE_MS = 60_000


class BrowserMissingError(FileNotFoundError):
    """No browser is installed."""


def find_browser() -> str:
    """Path of the first browser that is there; the variable CHROME names another one."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    named = os.environ.get("CHROME")
    candidates = [*([named] if named else []), *found, *([MAC] if os.path.exists(MAC) else [])]
    if not candidates:
        raise BrowserMissingError(
            f"none of {', '.join(NAMES)} is installed; install one (Debian: sudo apt install chromium)"
            " or name it: CHROME=/path/to/it"
        )
    return candidates[0]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser, closed in the end; a thread can have one at a time."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work as root, nor in most containers.
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def fresh_page(browser: Browser, width: int = 1440, height: int = 900, **more: Any) -> Iterator[Page]:
    """A page that shares no cookies and no storage with another; what opened it may be told more."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="en-GB",
        timezone_id="UTC",
        color_scheme="light",
        **more,
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def open_page(width: int = 1440, height: int = 900) -> Iterator[Page]:
    """A page of a browser of its own."""
    with running_browser() as browser, fresh_page(browser, width, height) as page:
        yield page


def expect(actual: Page | Locator) -> Any:
    """Playwright's assertions about a page or a part of it, which wait until they hold."""
    from playwright import sync_api

    return sync_api.expect(actual)


def complaints(page: Page) -> list[str]:
    """A list that grows by every dialog, error and line of error that the page brings up from now on."""
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    return said
