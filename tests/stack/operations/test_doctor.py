"""Checks on a system that does not run, and the judgement of what programs said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.support.running.programs import free_ports
from lake.config.settings import PREFIX, PROJECT_ROOT
from stack.airflow.components import SCHEDULER
from stack.cli.screens import show_finding
from stack.kafka.probe import ProbeError
from stack.operations import deep_checks as trials
from stack.operations.deep_checks import SENTENCE, judge_count, try_model, try_spark
from stack.operations.doctor import check_program
from stack.operations.findings import UP, Finding, timed
from stack.programs.programs import CAPTURE, DASHBOARD, NAMES, STREAM, names
from stack.programs.supervision import ProgramState
from stack.site.installation import PORTS, Installation
from tests.stack.operations.test_status import NOON, FixedClock


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """Nothing runs here, and its ports are free."""
    return Installation.from_env(environ(tmp_path), PROJECT_ROOT)


def environ(tmp_path: Path) -> dict[str, str]:
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    own = {"DATA": str(tmp_path / "some data"), **{name: str(port) for name, port in ports.items()}}
    inherited = {name: value for name, value in os.environ.items() if name != PREFIX + "KAFKA"}
    return {**inherited, **{PREFIX + name: value for name, value in own.items()}}


def test_a_system_that_does_not_run_is_told_with_its_cure_and_status_1(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stack", "doctor", "--quick", "--json"]
    done = subprocess.run(
        command, cwd=PROJECT_ROOT, env=environ(tmp_path), capture_output=True, text=True, check=False
    )
    said = json.loads(done.stdout)
    found = {one["name"]: one for one in said["findings"]}
    assert (done.returncode, said["ok"], done.stderr) == (1, False, "")
    absent = {name: (one["ok"], one["detail"], one["cure"]) for name, one in found.items() if name in NAMES}
    programs = names(Installation.from_env(environ(tmp_path), PROJECT_ROOT))
    assert absent == {name: (False, "not running", UP) for name in programs if name != "kafka"}
    assert [found[name]["detail"].partition(" at ")[0] for name in ("Kafka", "Kafka round trip")] == [
        "no answer",
        "no answer",
    ]
    assert [one["ok"] for name, one in found.items() if name in ("Python", "Java", "webcams")] == [True] * 3
    assert not {"Spark with Kafka", "Spark with Delta", "model"} & set(found)


RUNS, STOPS = ProgramState("RUNNING", pid=7), ProgramState("STOPPED")


@pytest.mark.parametrize(
    ("name", "state", "ok", "detail"),
    [
        (CAPTURE, STOPS, True, "left out of this start"),
        (SCHEDULER, STOPS, True, "left out of this start"),
        (STREAM, STOPS, False, "not running"),
        (CAPTURE, None, False, "not running"),
        (STREAM, ProgramState("FATAL", reason="can't find it"), False, "ended (fatal) can't find it"),
        (STREAM, ProgramState("BACKOFF"), False, "ended (backoff)"),
        (STREAM, RUNS, False, "loading"),
    ],
)
def test_a_program_is_judged_by_its_supervisor_and_then_by_itself(
    name: str, state: ProgramState | None, ok: bool, detail: str, here: Installation
) -> None:
    found = check_program(here, name, state, FixedClock(NOON))
    assert (found.name, found.ok, found.detail) == (name, ok, detail)
    assert found.ok or UP in found.cure


def test_the_dashboard_is_well_when_it_answers(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.programs.health.is_open", lambda port: port == here.dashboard_port)
    assert check_program(here, DASHBOARD, RUNS, FixedClock(NOON)) == Finding(
        DASHBOARD, True, "healthy", f"{UP}; then ./pycturestream logs {DASHBOARD}"
    )


def test_each_finding_says_how_long_it_took() -> None:
    clock = FixedClock(NOON)

    def findings() -> Iterator[Finding]:
        for name, seconds in (("slow", 4.0), ("quick", 0.25)):
            clock.sleep(seconds)
            yield Finding(name, True, "")

    assert [(one.name, one.seconds) for one in timed(findings(), clock)] == [("slow", 4.0), ("quick", 0.25)]


def test_a_finding_is_shown_with_its_mark_its_time_and_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(width=60)
    show_finding(console, Finding("Java", True, "/opt/[17]", "make up", 0.26))
    show_finding(console, Finding("Kafka", False, "nobody answers", UP, 11))
    assert capsys.readouterr().out == (
        "✔ Java: /opt/[17] (0.3 s)\n✗ Kafka: nobody answers (11.0 s)\n  cure: ./pycturestream up\n"
    )


WORDS = {"frames": 2, "come": 1, "and": 2, "go": 1, "answers": 1, "stay": 1}


def test_a_count_is_right_only_if_each_word_is(tmp_path: Path) -> None:
    right, wrong, broken = (
        judge_count({"step": "delta", **said}, tmp_path / "log")
        for said in ({"words": WORDS}, {"words": {**WORDS, "go": 2}}, {"error": "no such table"})
    )
    assert SENTENCE == "frames come and frames go and answers stay"
    assert right == Finding("Spark with Delta", True, "8 words went there and back, each counted right")
    assert (wrong.ok, "'go': 2" in wrong.detail, str(tmp_path / "log") in wrong.cure) == (False, True, True)
    assert (broken.ok, broken.detail) == (False, "no such table")


@contextmanager
def no_topic(bootstrap: str) -> Iterator[str]:
    raise ProbeError(f"nobody answers at {bootstrap}")
    yield


@contextmanager
def some_topic(_bootstrap: str) -> Iterator[str]:
    yield "doctor-1"


SAYS = (
    'import sys; print(\'{"step": "delta", "words": {}}\'); sys.exit(\'OSError: disk \' + str(sys.argv[3:]))'
)


def test_without_a_broker_delta_is_tried_all_the_same(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "scratch_topic", no_topic)
    monkeypatch.setattr(trials, "_submit", lambda _here, _job: [sys.executable, "-c", SAYS])
    kafka, delta = try_spark(here)
    assert kafka == Finding("Spark with Kafka", False, f"nobody answers at {here.settings.kafka}", UP)
    assert (delta.name, delta.ok, delta.detail[:11]) == ("Spark with Delta", False, "counted {},")
    assert sorted(path.name for path in here.settings.data.iterdir()) == ["logs", "run"]


def test_a_step_that_never_answered_is_told_with_the_last_words_of_the_program(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "scratch_topic", some_topic)
    monkeypatch.setattr(trials, "_submit", lambda _here, _job: [sys.executable, "-c", SAYS])
    found = list(try_spark(here))
    assert [(one.name, one.ok) for one in found] == [("Spark with Delta", False), ("Spark with Kafka", False)]
    assert found[1].detail == "disk ['--topic', 'doctor-1']"


@pytest.mark.model
def test_the_provisioned_model_sees_what_is_on_the_known_picture(here: Installation) -> None:
    kind, seen = "SSDLite MobileNet v2 (COCO) by litert, float32", "sees 1 car, 1 person, as it should"
    assert try_model(here) == Finding("model", True, f"{kind}: 8 files by SHA-256; {seen}")


def test_a_missing_model_is_told_with_its_cure(tmp_path: Path) -> None:
    env = environ(tmp_path) | {PREFIX + "MODEL": str(tmp_path / "none")}
    found = try_model(Installation.from_env(env, PROJECT_ROOT))
    assert (found.ok, found.detail.startswith(f"{tmp_path / 'none' / 'model.json'} is missing")) == (
        False,
        True,
    )
    assert found.cure.startswith("make up; the whole log: ")
