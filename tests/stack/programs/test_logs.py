"""Logs and their followers."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.programs.logs import LogFollower, UnknownProgramError, choose_logs, last_lines
from stack.site.installation import Installation


def test_the_last_lines_are_those_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"one\ntwo\n\xff three\n")
    assert last_lines(tmp_path / "a.log", 2) == ["two", "� three"]
    assert last_lines(tmp_path / "none.log", 2) == []


def test_a_follower_tells_whole_new_lines_once(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\n")
    follower = LogFollower(log)
    assert follower.added() == ""
    with log.open("a") as file:
        file.write("new\nhal")
    assert follower.added() == "new\n"
    with log.open("a") as file:
        file.write("f\n")
    assert (follower.added(), follower.added()) == ("half\n", "")


def test_a_follower_goes_on_after_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("a long old line\n")
    follower = LogFollower(log)
    log.rename(tmp_path / "a.log.1")
    log.write_text("new\n")
    assert follower.added() == "new\n"


def test_a_program_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(UnknownProgramError, match="kafka, stream, airflow-api"):
        choose_logs(Installation.from_env({}, tmp_path), "stram")
