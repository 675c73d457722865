"""Waiting for health, with a supervisor and a clock that are made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from stack.operations.startup import UpInProgressError, bring_up
from stack.programs.supervision import ProgramState
from stack.programs.waiting import UnhealthyError, wait_healthy
from stack.site.installation import Installation


class FakeClock:
    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


class FakeSupervisor:
    def __init__(self, state: str) -> None:
        self.state = state

    def states(self) -> dict[str, ProgramState]:
        return {"stream": ProgramState(self.state)}


class Lines:
    def __init__(self) -> None:
        self.said: list[str] = []

    def line(self, text: str) -> None:
        self.said.append(text)

    def waiting(self, text: str) -> None:
        if self.said[-1:] != [text]:
            self.said.append(text)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    installation = Installation.from_env({"PYCTURESTREAM_DATA": str(tmp_path)}, tmp_path)
    installation.logs.mkdir()
    installation.log("stream").write_text("first\n" * 30 + "Java heap space\n")
    return installation


@pytest.mark.parametrize(("state", "patience_s"), [("RUNNING", 300), ("BACKOFF", 120)])
def test_a_program_that_is_not_healthy_in_time_is_told_with_its_last_lines(
    here: Installation, state: str, patience_s: float
) -> None:
    clock = FakeClock()
    with pytest.raises(UnhealthyError) as caught:
        wait_healthy(here, "stream", FakeSupervisor(state), Lines(), clock)
    assert clock.slept == patience_s + 0.5
    assert str(here.log("stream")) in str(caught.value)
    assert str(caught.value).splitlines()[1:] == ["first"] * 19 + ["Java heap space"]


def test_a_program_that_was_given_up_is_not_waited_for(here: Installation) -> None:
    clock = FakeClock()
    with pytest.raises(UnhealthyError, match="gave up"):
        wait_healthy(here, "stream", FakeSupervisor("FATAL"), Lines(), clock)
    assert clock.slept == 0


def test_what_is_waited_for_is_shown(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["loading", "starting", None])
    monkeypatch.setattr("stack.programs.waiting.health_problem", lambda *_: next(answers))
    screen = Lines()
    wait_healthy(here, "stream", FakeSupervisor("BACKOFF"), screen, FakeClock())
    assert screen.said == [
        "waiting for stream: loading (restarting)",
        "waiting for stream: starting (restarting)",
        "stream is healthy",
    ]


def test_a_second_up_beside_the_first_is_refused(here: Installation) -> None:
    here.settings.run.mkdir()
    with FileLock(here.settings.run / "up.lock"), pytest.raises(UpInProgressError):
        bring_up(here, (), Lines(), FakeClock())
