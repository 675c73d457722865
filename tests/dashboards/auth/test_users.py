"""The file of the users, and the hashes in it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from dashboards.auth.passwords import DUMMY_HASH, METHOD, PasswordError, check_password, hashed
from dashboards.auth.users import ADMIN, VIEWER, User, UsersError, UsersFile, read_users, write_users
from tests.dashboards.logins import PERSONS, Site

HASH = PERSONS["anna"].password_hash


def test_what_is_written_is_read_again_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "made" / "users.json"
    users = {"anna": User("anna", ADMIN, HASH), "v@c-1.x": User("v@c-1.x", VIEWER, HASH)}
    write_users(path, users)
    assert read_users(path) == users
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(path.parent.iterdir()) == [path]


def test_no_file_is_no_user(tmp_path: Path) -> None:
    assert read_users(tmp_path / "users.json") == {}


BROKEN = [
    "", "{", "[]", "null", "\udcff", json.dumps({"anna": {}}), json.dumps({"anna": "x"}),
    json.dumps({"anna": {"role": "root", "password_hash": HASH}}),
    json.dumps({"anna": {"role": "admin", "password_hash": "correct horse"}}),
    json.dumps({"anna": {"role": "admin", "password_hash": HASH.replace("scrypt", "plain")}}),
    json.dumps({"anna": {"role": "admin", "password_hash": HASH, "more": 1}}),
    json.dumps({"": {"role": "admin", "password_hash": HASH}}),
    json.dumps({"a b": {"role": "admin", "password_hash": HASH}}),
]  # fmt: skip


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_is_refused_with_a_cure(tmp_path: Path, content: str) -> None:
    path = tmp_path / "users.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UsersError) as caught:
        read_users(path)
    assert str(caught.value).startswith(f"{path} ")
    assert str(caught.value).endswith("; mend it, or remove it and add the users anew")


def test_a_broken_file_lets_nobody_in_until_it_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path)
    site.write("anna")
    browser = site.browser()
    browser.log_in("anna")
    site.users_file.write_text("{")
    with caplog.at_level(logging.ERROR, "dashboards.auth.login"):
        for asks in (browser, site.browser()):
            for path in ("/", "/login", "/live/state.json"):
                assert asks.look(path).status_code == 503
            assert asks.log_in("anna").status_code == 503
    health = browser.get("/healthz").json
    assert health is not None
    assert health["pages"]["live"] == {"state": "error"}
    page = browser.look("/").text
    assert "The file of the users is broken." in page
    assert str(tmp_path) not in page
    [line] = caplog.messages
    assert line.startswith(f"nobody is let in: {site.users_file} cannot be read")
    site.write("anna")
    assert browser.look("/").status_code == 200


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read = tmp_path / "users.json", []
    write_users(path, {})
    monkeypatch.setattr(
        "dashboards.auth.users.read_users", lambda path: read.append(path) or read_users(path)
    )
    users = UsersFile(path)
    assert [len(users.now()), len(users.now()), len(read)] == [0, 0, 1]
    write_users(path, {"anna": PERSONS["anna"]})
    assert [len(users.now()), len(users.now()), len(read)] == [1, 1, 2]
    path.unlink()
    assert users.now() == {}
    path.mkdir()
    with pytest.raises(UsersError, match="cannot be read"):
        users.now()


def test_a_password_fits_only_its_own_hash() -> None:
    kept = hashed("correct horse")
    assert kept != hashed("correct horse")
    assert [
        check_password("correct horse", kept),
        check_password("correct hors", kept),
        check_password("", kept),
    ] == [True, False, False]


def test_for_a_user_nobody_knows_the_same_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "dashboards.auth.passwords.check_password_hash",
        lambda kept, _password: bool(asked.append(kept)) or True,
    )
    assert [check_password("x", None), check_password("x", HASH)] == [False, True]
    assert asked == [DUMMY_HASH, HASH]
    assert DUMMY_HASH.startswith(f"{METHOD}$")
    assert [len(part) for part in DUMMY_HASH.split("$")] == [len(part) for part in HASH.split("$")]


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257])
def test_a_password_too_short_or_too_long_is_not_taken(password: str) -> None:
    with pytest.raises(PasswordError, match=f"{len(password)} characters cannot be taken; take 8 to 256"):
        hashed(password)


def test_a_session_holds_nothing_of_a_password_and_fits_one_hash_only() -> None:
    one, other = User("anna", ADMIN, HASH), User("anna", ADMIN, hashed("correct horse"))
    assert one.get_id() != other.get_id()
    assert HASH.rpartition("$")[2][:8] not in one.get_id()
    assert one.get_id() == User("anna", VIEWER, HASH).get_id()
