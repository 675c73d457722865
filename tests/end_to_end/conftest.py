"""One broker for all end-to-end tests; each has a stream, and a lake, of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from benchmarks.support.running.system import Broker, System, last_words, running_broker


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker with the topics, ended with the tests."""
    with running_broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture
def system(broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[System]:
    """A running stream with the product's own settings, and those of the test's indirect parameter."""
    made = System(tmp_path / "some data", broker, getattr(request, "param", {}))
    try:
        made.start_stream()
        yield made
    finally:
        made.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the programs said last."""
    report = yield
    if report.failed:
        report.sections += last_words(getattr(item, "funcargs", {}))
    return report
