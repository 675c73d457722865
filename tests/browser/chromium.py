"""A real browser: the machine's own Chromium or Chrome, driven without a window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

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
def open_page(width: int = 1440, height: int = 900) -> Iterator[Page]:
    """A page of a fresh browser, without cookies."""
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work as root, nor in most containers.
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id="UTC",
            color_scheme="light",
        )
        context.set_default_timeout(PATIENCE_MS)
        try:
            yield context.new_page()
        finally:
            browser.close()
