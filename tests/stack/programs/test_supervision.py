"""The real supervisor with small programs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from stack.operations.shutdown import bring_down
from stack.operations.status import program_states
from stack.programs.processes import end, marked
from stack.programs.programs import CAPTURE, KAFKAS, STREAM, Program
from stack.programs.supervision import Supervisor, SupervisorError, socket_path, start_supervisor
from stack.programs.supervisor_config import render_config
from stack.site.clock import SystemClock
from stack.site.installation import Installation

QUIET = "import time; time.sleep(600)"
WITH_CHILDREN = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {QUIET!r}])"
CRASHES = "import time; time.sleep(1.2); raise SystemExit(3)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
ENDS_WITH_TWO_OTHERS = """
import os, pathlib, signal, sys, time
def end(*_):
    pathlib.Path(f"ending-{os.getpid()}").touch()
    while len(list(pathlib.Path().glob("ending-*"))) < 3:
        time.sleep(0.05)
    sys.exit()
signal.signal(signal.SIGTERM, end)
time.sleep(600)
"""
"""As a broker that waits for its quorum."""


class Lines:
    def __init__(self) -> None:
        self.said: list[str] = []

    def line(self, text: str) -> None:
        self.said.append(text)

    def waiting(self, text: str) -> None:
        pass


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    """An installation in a folder with a space and a percent sign, whose processes end with the test."""
    env = {"PATH": os.environ["PATH"], "PYCTURESTREAM_DATA": str(tmp_path / "my 100%s data")}
    installation = Installation.from_env(env, tmp_path)
    yield installation
    left = marked(installation.config)
    for process in left:
        process.kill()
    end(left, timeout_s=5)
    socket_path(installation.settings.run).unlink(missing_ok=True)


def supervise(here: Installation, **scripts: str) -> Supervisor:
    """A running supervisor with each script as a started program."""
    here.logs.mkdir(parents=True)
    here.settings.run.mkdir(parents=True)
    programs = [Program(name, (sys.executable, "-c", script), settle_s=1) for name, script in scripts.items()]
    here.config.write_text(render_config(here, programs, socket_path(here.settings.run)))
    start_supervisor(here, here.env)
    supervisor = Supervisor(here)
    for name in scripts:
        supervisor.start(name)
    return supervisor


@pytest.mark.system
def test_a_crashing_program_is_started_again_and_counted_and_down_leaves_no_process(
    here: Installation,
) -> None:
    supervisor = supervise(here, stream=CRASHES, capture=WITH_CHILDREN)
    wait_until(lambda: supervisor.restarts(STREAM) >= 2)
    assert supervisor.restarts(CAPTURE) == 0
    wait_until(lambda: len(marked(here.config)) >= 3)
    ours = marked(here.config)
    states = {one.name: one for one in program_states(here, SystemClock())}
    assert states[STREAM].restarts >= 2
    assert states[CAPTURE].rss_mb > 5
    screen = Lines()
    bring_down(here, screen, SystemClock())
    assert [process for process in ours if process.is_running()] == []
    assert marked(here.config) == []
    assert screen.said[-1] == "everything is stopped"
    assert "capture stopped" in screen.said


@pytest.mark.system
def test_down_ends_what_a_killed_supervisor_left_behind(here: Installation) -> None:
    supervisor = supervise(here, capture=WITH_CHILDREN)
    wait_until(lambda: len(marked(here.config)) == 3)
    psutil.Process(supervisor.pid()).kill()
    wait_until(lambda: supervisor.pid() is None)
    assert len(marked(here.config)) == 2
    bring_down(here, Lines(), SystemClock())
    assert marked(here.config) == []


@pytest.mark.system
def test_down_kills_a_program_that_will_not_end(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.operations.shutdown.STOP_TIMEOUT_S", 1.0)
    supervisor = supervise(here, capture=DEAF)
    wait_until(lambda: supervisor.states()[CAPTURE].state == "RUNNING")
    screen = Lines()
    bring_down(here, screen, SystemClock())
    assert marked(here.config) == []
    assert screen.said[0] == "capture did not end within 1 s; killed 1 processes"


@pytest.mark.system
def test_brokers_end_together_after_what_needs_them(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.operations.shutdown.STOP_TIMEOUT_S", 10.0)
    supervisor = supervise(here, capture=QUIET, **dict.fromkeys(KAFKAS, f"exec({ENDS_WITH_TWO_OTHERS!r})"))
    wait_until(lambda: [one.state for one in supervisor.states().values()] == ["RUNNING"] * 4)
    screen = Lines()
    bring_down(here, screen, SystemClock())
    said = [f"{name} stopped" for name in (CAPTURE, "kafka-3", "kafka-2", "kafka")]
    assert screen.said == [*said, "everything is stopped"]


@pytest.mark.system
def test_starting_and_stopping_twice_is_harmless(here: Installation) -> None:
    supervisor = supervise(here, capture=QUIET)
    supervisor.start(CAPTURE)
    supervisor.stop(CAPTURE)
    wait_until(lambda: supervisor.states()[CAPTURE].state == "STOPPED")
    supervisor.stop(CAPTURE)
    bring_down(here, Lines(), SystemClock())
    assert supervisor.states() == {}


@pytest.mark.system
def test_an_unusable_configuration_is_told_in_the_supervisors_words(here: Installation) -> None:
    here.settings.run.mkdir(parents=True)
    here.config.write_text("[supervisord]\nloglevel=loud\n")
    with pytest.raises(SupervisorError, match="loud"):
        start_supervisor(here, here.env)


def test_down_is_fine_when_nothing_runs_and_a_stale_pid_file_lies_about(here: Installation) -> None:
    here.settings.run.mkdir(parents=True)
    (here.settings.run / "supervisord.pid").write_text(f"{os.getpid()}\n")
    here.config.write_text("[unix_http_server]\nfile=/nowhere/at.sock\n")
    screen = Lines()
    bring_down(here, screen, SystemClock())
    assert screen.said == ["nothing is running"]


def test_a_socket_path_is_short_even_for_a_long_folder(tmp_path: Path) -> None:
    path = socket_path(tmp_path / ("deep" * 60))
    assert len(os.fsencode(path)) < 90
    assert path.parent.stat().st_mode & 0o077 == 0


def test_restarts_are_counted_over_rotated_logs_since_the_last_start(here: Installation) -> None:
    here.logs.mkdir(parents=True)
    old = "".join(
        f"INFO {event}\n"
        for event in (
            "supervisord started with pid 1",
            "spawned: 'stream' with pid 2",
            "spawned: 'stream' with pid 3",
        )
    )
    new = "INFO supervisord started with pid 9\nINFO spawned: 'stream' with pid 10\n"
    (here.logs / "supervisord.log.1").write_text(old + new)
    (here.logs / "supervisord.log").write_text(
        "INFO spawned: 'stream' with pid 11\nINFO spawned: 'capture' with pid 12\n"
    )
    supervisor = Supervisor(here)
    assert (supervisor.restarts(STREAM), supervisor.restarts(CAPTURE), supervisor.restarts("kafka")) == (
        1,
        0,
        0,
    )
