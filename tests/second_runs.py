"""A pytest plugin (`-p tests.second_runs`): a test with the marker `system` that fails runs once more.

These tests start real engines on shared machines. Before the second run every fixture is ended, whatever its
scope, so that nothing broken is used again. A whole run, over all its workers, has two second runs and
prints them with the first failures; the third test that fails has none left, and fails the run.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest.runner import runtestprotocol

MAX_SECOND_RUNS: Final = 2
RERUN: Final = "rerun"
"""Outcome of the reports of a failed first run."""
IS_SECOND_RUN: Final = pytest.StashKey[bool]()


class SecondRuns:
    """Runs failed system tests again while one of the slots is free.

    Args:
        slots: folder that all workers share, with a file for each second run.
    """

    def __init__(self, slots: Path) -> None:
        self.slots = slots

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist the folder."""
        node.workerinput["second_runs"] = str(self.slots)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a system test, and again where it failed; pytest itself runs every other test."""
        if item.get_closest_marker("system") is None or IS_SECOND_RUN in item.stash:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        again = any(report.failed for report in reports) and self._take_slot()
        if again:
            reports = [_as_rerun(report) for report in reports if report.failed]
            reports[-1].sections += _end_fixtures(item)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if again:  # by the hook, so that it has a time limit of its own
            item.stash[IS_SECOND_RUN] = True
            item.ihook.pytest_runtest_protocol(item=item, nextitem=nextitem)
        return True

    def _take_slot(self) -> bool:
        for number in range(MAX_SECOND_RUNS):
            try:
                (self.slots / str(number)).touch(exist_ok=False)
            except FileExistsError:
                continue
            return True
        return False


def _as_rerun(report: pytest.TestReport) -> pytest.TestReport:
    report.outcome = RERUN  # type: ignore[assignment]  # pytest names only its own three
    return report


def _end_fixtures(item: pytest.Item) -> list[tuple[str, str]]:
    """End the fixtures of every scope; a section for the report where one of them cannot."""
    ended = pytest.CallInfo.from_call(
        lambda: item.session._setupstate.teardown_exact(None),
        when="teardown",
        reraise=(pytest.exit.Exception, KeyboardInterrupt),
    )
    return [("end of its fixtures", repr(ended.excinfo.value))] if ended.excinfo else []


def pytest_configure(config: pytest.Config) -> None:
    """Make the shared folder, or take that of the run that this worker belongs to."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    slots = Path(worker["second_runs"] if worker else tempfile.mkdtemp(prefix="second-runs-"))
    if worker is None:
        config.add_cleanup(lambda: shutil.rmtree(slots, ignore_errors=True))
    config.pluginmanager.register(SecondRuns(slots), "second-runs")


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Show a failed first run as such."""
    return (RERUN, "R", "RERUN") if report.outcome == RERUN else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print every test that ran twice, and why its first run failed."""
    reports = terminalreporter.stats.get(RERUN, [])
    if reports:
        terminalreporter.section(f"second runs (at most {MAX_SECOND_RUNS})", yellow=True)
    for report in reports:
        terminalreporter.write_line(f"{report.nodeid}: its first {report.when} failed", yellow=True)
        terminalreporter.write_line(report.longreprtext)
        for title, text in report.sections:
            terminalreporter.write_sep("-", title)
            terminalreporter.write_line(text)
