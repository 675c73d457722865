"""The command that says who may log in, as it is typed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner, Result

from dashboards.auth import cli as user_command
from dashboards.auth.passwords import check_password
from dashboards.auth.users import ADMIN, VIEWER, User, read_users, write_users
from lake.config.settings import PROJECT_ROOT
from tests.dashboards.logins import PERSONS


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "users.json"
    monkeypatch.setenv("PYCTURESTREAM_DASHBOARD_USERS", str(path))
    monkeypatch.setenv("COLUMNS", "300")
    return path


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(user_command.app, arguments, input=typed)


def test_a_user_is_added_with_a_password_asked_for_twice_and_never_shown(users: Path) -> None:
    done = run("add", "anna", "--role", "admin", typed="correct horse\ncorrect horse\n")
    assert done.exit_code == 0
    assert f"Added anna (admin) to {users}" in done.output
    assert "correct horse" not in done.output
    [anna] = read_users(users).values()
    assert (anna.name, anna.role, check_password("correct horse", anna.password_hash)) == (
        "anna",
        ADMIN,
        True,
    )
    assert users.stat().st_mode & 0o777 == 0o600


def test_passwords_that_differ_are_asked_for_again(users: Path) -> None:
    done = run("add", "anna", typed="correct horse\nbattery staple\nbattery staple\nbattery staple\n")
    assert "do not match" in done.output
    [anna] = read_users(users).values()
    assert (anna.role, check_password("battery staple", anna.password_hash)) == (VIEWER, True)


def test_a_script_gives_the_password_on_standard_input(users: Path) -> None:
    assert run("add", "anna", "--password-stdin", typed=" with spaces \r\nmore").exit_code == 0
    assert check_password(" with spaces ", read_users(users)["anna"].password_hash)


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (("add", "vic", "--password-stdin"), "1234567\n", "of 7 characters cannot be taken; take 8 to 256"),
        (("add", "a/b", "--password-stdin"), "battery staple\n", "'a/b' is no name; take up to 64 letters"),
        (("add", "-x"), "", "No such option"),
        (("add", "vic", "--role", "root"), "", "'root' is no role; take one of: viewer, admin"),
        (("add", "anna"), "", "there is a user 'anna' already; `user password anna` gives a new password"),
        (("remove", "vic"), "", "no user 'vic'; there are: anna"),
        (("password", "vic"), "", "no user 'vic'; there are: anna"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(
    users: Path, arguments: tuple[str, ...], typed: str, said: str
) -> None:
    write_users(users, {"anna": PERSONS["anna"]})
    before = users.read_bytes()
    done = run(*arguments, typed=typed)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert users.read_bytes() == before


def test_the_users_are_listed_and_removed(users: Path) -> None:
    write_users(users, PERSONS)
    assert run("list").output == "anna\tadmin\nvic\tviewer\n"
    assert run("remove", "anna").output == f"Removed anna from {users}\n"
    assert run("remove", "vic").output.splitlines()[1:] == [user_command.OPEN]
    assert run("list").output == ""
    assert json.loads(users.read_text()) == {}


def test_a_new_password_keeps_the_role(users: Path) -> None:
    write_users(users, PERSONS)
    assert run("password", "anna", typed="new password\nnew password\n").exit_code == 0
    anna = read_users(users)["anna"]
    assert (anna.role, check_password("new password", anna.password_hash)) == (ADMIN, True)
    assert read_users(users)["vic"] == PERSONS["vic"]


def test_a_broken_file_is_not_written_over(users: Path) -> None:
    users.write_text("{")
    done = run("add", "anna", "--password-stdin", typed="correct horse\n")
    assert done.exit_code == 2
    assert "mend it, or remove it and add the users anew" in " ".join(done.output.split())
    assert users.read_text() == "{"


def test_a_command_does_not_write_while_another_one_does(
    users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_command, "LOCK_TIMEOUT_S", 0.1)
    write_users(users, PERSONS)
    with FileLock(f"{users}.lock"):
        done = run("remove", "vic")
    assert (done.exit_code, read_users(users)) == (2, PERSONS)
    assert run("remove", "vic").exit_code == 0
    assert read_users(users) == {"anna": PERSONS["anna"]}


def test_the_command_is_part_of_pycturestream(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "PYCTURESTREAM_DATA": str(tmp_path)}
    launcher = str(PROJECT_ROOT / "pycturestream")
    done = subprocess.run(
        [launcher, "user", "add", "anna", "--password-stdin"],
        env=env, input="correct horse\n", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    [anna] = read_users(tmp_path / "dashboard" / "users.json").values()
    assert anna == User("anna", VIEWER, anna.password_hash)
