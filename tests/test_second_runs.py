"""A system test that fails may run once more, twice in a run."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

FLAKY = """
import pathlib, pytest
here = pathlib.Path(__file__).parent

@pytest.fixture(scope="module")
def engine():
    marks = here / "engines"
    with marks.open("a") as file:
        file.write("started ")
    yield len(marks.read_text().split())

@pytest.fixture(scope="session")
def machine():
    yield
    with (here / "machine").open("a") as file:
        file.write("ended ")

def second_time(name):
    mark = here / f"{name}.ran"
    return mark.exists() or mark.touch()
"""
MARKED = (
    '@pytest.mark.system\ndef test_{0}(engine, machine):\n    assert second_time("{0}"), "{0} is flaky"\n'
)
PLAIN = 'def test_plain():\n    assert second_time("plain"), "plain is flaky"\n'


@pytest.fixture
def run(pytester: pytest.Pytester, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Runs the files' tests with the plugin; more arguments are those of pytest."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    pytester.makeini("[pytest]\nmarkers = system: starts engines")

    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(*args: str, **files: str) -> pytest.RunResult:
        pytester.makepyfile(**{name: FLAKY + text for name, text in files.items()})
        method = pytester.runpytest_subprocess if args else pytester.runpytest_inprocess
        return method("-p", "tests.second_runs", *args)

    return run


def test_a_flaky_system_test_passes_and_is_printed_with_its_first_failure(run) -> None:
    result = run(test_one=MARKED.format("first") + "def test_fine(): pass\n")
    assert result.parseoutcomes() == {"passed": 2, "rerun": 1}
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([
        "* second runs (at most 2) *",
        "test_one.py::test_first: its first call failed",
        "E * AssertionError: first is flaky",
    ])  # fmt: skip


def test_the_second_run_has_new_fixtures_of_every_scope(run, pytester: pytest.Pytester) -> None:
    seen = (
        '@pytest.mark.system\ndef test_engine(engine, machine):\n    assert engine == 2, "the first engine"\n'
    )
    after = "def test_after(engine):\n    assert engine == 2\n"
    result = run(test_one=seen + after)
    assert (result.parseoutcomes(), result.ret) == ({"passed": 2, "rerun": 1}, pytest.ExitCode.OK)
    assert (pytester.path / "machine").read_text() == "ended ended "


@pytest.mark.parametrize("broken", ["yield", "return"])
def test_a_fixture_that_fails_at_its_start_or_end_is_a_first_run_too(run, broken: str) -> None:
    fixture = f"""
@pytest.fixture
def fragile():
    if {broken == "return"}:
        assert second_time("fragile"), "fragile"
    yield
    assert second_time("fragile"), "fragile"

@pytest.mark.system
def test_fragile(fragile): pass
"""
    result = run(test_one=fixture)
    assert (result.parseoutcomes(), result.ret) == ({"passed": 1, "rerun": 1}, pytest.ExitCode.OK)


@pytest.mark.parametrize("workers", [(), ("-p", "xdist.plugin", "-n", "2", "--dist", "loadfile")])
def test_the_third_flaky_test_fails_the_run_however_many_workers_it_has(
    run, workers: tuple[str, ...]
) -> None:
    files = {f"test_{name}": MARKED.format(name) for name in ("first", "second", "third")}
    result = run(*workers, **files)
    assert result.parseoutcomes() == {"passed": 2, "failed": 1, "rerun": 2}
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_test_that_fails_twice_fails_the_run(run) -> None:
    result = run(test_one="@pytest.mark.system\ndef test_wrong():\n    assert False\n")
    assert result.parseoutcomes() == {"failed": 1, "rerun": 1}
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_test_without_the_marker_never_runs_again(run) -> None:
    result = run(test_one=PLAIN)
    assert result.parseoutcomes() == {"failed": 1}
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_the_second_run_has_a_time_limit_of_its_own(run) -> None:
    slow = """
import time

@pytest.mark.system
@pytest.mark.timeout(0.5)
def test_slow():
    time.sleep(5)
"""
    result = run("-p", "pytest_timeout", test_one=slow)
    assert result.parseoutcomes() == {"failed": 1, "rerun": 1}
    assert "Timeout" in result.stdout.str()
