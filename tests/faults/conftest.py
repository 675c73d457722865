"""One broker and one stream for all fault tests: a start takes longer than most of them."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from benchmarks.support.running.system import Broker, System, last_words, running_broker
from lake.config.settings import PREFIX
from tests.conftest import INTERPRETED

EVERY_FRAME = {
    PREFIX + "POLICY": "all",
    PREFIX + "DETECTOR": "tests.faults.crashing_detector:load",
}


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker with the topics, ended with the tests."""
    with running_broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


RUNNING = pytest.StashKey[System]()


@pytest.fixture(scope="session")
def shared_system(
    broker: Broker, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[System]:
    """The stream of all fault tests; it analyses every frame, however old."""
    made = System(tmp_path_factory.mktemp("some data"), broker, EVERY_FRAME, INTERPRETED)
    request.session.stash[RUNNING] = made
    try:
        made.start_stream()
        yield made
    finally:
        made.stop()


@pytest.fixture
def system(shared_system: System) -> System:
    """The same, running, with nothing left to do from the test before."""
    shared_system.tend()
    shared_system.wait_running()
    return shared_system


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """While tests of other folders run, the stream rests: idle, it takes a third of a core from them."""
    made = item.session.stash.get(RUNNING, None)
    if made and (nextitem is None or nextitem.path.parent != item.path.parent):
        made.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the programs said last."""
    report = yield
    if report.failed:
        report.sections += last_words(getattr(item, "funcargs", {}))
    return report
