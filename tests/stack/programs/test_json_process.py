"""Programs of two lines of Python that answer, talk, hang or fail."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from stack.programs.json_process import json_lines, last_error

HANGS = (
    "import os, subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(98)']);"
    "both = [os.getpid(), child.pid]"
)


def ask(program: str, log: Path, patience_s: float = 60.0) -> list[dict[str, object]]:
    return list(json_lines([sys.executable, "-uc", program], os.environ, log, patience_s))


def lives(pid: int) -> bool:
    """Whether a process is there still, and not only its exit status."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_lines_of_json_are_answers_and_all_else_goes_into_the_log(tmp_path: Path) -> None:
    log = tmp_path / "new" / "spark.log"
    program = """if True:
        import sys
        print('{"a": 1}'); print("talk"); print("trouble", file=sys.stderr); print('{"b": 2}')"""
    assert ask(program, log) == [{"a": 1}, {"b": 2}]
    assert sorted(log.read_text().splitlines()) == ["talk", "trouble"]
    assert ask("print('again')", log) == []
    assert log.read_text() == "again\n"


def test_a_program_that_takes_too_long_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    assert ask(f"{HANGS}; print(*both); time.sleep(99); print('{{}}')", tmp_path / "log", 1) == []
    both = [int(pid) for pid in (tmp_path / "log").read_text().split()]
    assert [lives(pid) for pid in both] == [False, False]


def test_a_program_whose_answers_nobody_wants_any_more_is_ended(tmp_path: Path) -> None:
    program = f"{HANGS}; print('{{\"both\": %s}}' % both); time.sleep(99)"
    said = json_lines([sys.executable, "-uc", program], os.environ, tmp_path / "log", 60)
    both = next(said)["both"]
    assert [lives(pid) for pid in both] == [True, True]
    said.close()
    assert [lives(pid) for pid in both] == [False, False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-01-02T11:00:00Z ERROR no Kafka answers\nmore\n", "no Kafka answers"),
        ("Traceback\npy4j.protocol.Py4JNetworkError: gone\n  at x\n", "gone"),
        ("java.lang.ClassNotFoundException: io.delta\n\n", "io.delta"),
        ("ValueError: first\nValueError: last\n", "last"),
        ("only talk\nand more\n\n", "and more"),
        ("", "it ended, or was ended, without a word"),
    ],
)
def test_what_went_wrong_is_found_in_a_log(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(text)
    assert last_error(tmp_path / "log") == said
