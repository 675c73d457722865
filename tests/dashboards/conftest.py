"""One browser for the tests of a file, started once; each test has a page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from benchmarks.support.running.chromium import complaints, fresh_page, running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for longer than a file: while it runs, nobody else in the thread can run asyncio."""
    with running_browser() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that complains of nothing until the end of the test."""
    with fresh_page(browser) as opened:
        wrong = complaints(opened)
        yield opened
        assert wrong == []
