"""How often somebody may guess."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dashboards.auth.rate_limit import MAX_KEYS, MAX_PER_ADDRESS, MAX_PER_USER, WINDOW, Attempts, keys_of
from tests.conftest import at
from tests.dashboards.logins import Browser, Site


def fail(browser: Browser, name: str, address: str = "192.0.2.1") -> int:
    return post(browser, name, "wrong guess", address)


def post(browser: Browser, name: str, password: str, address: str) -> int:
    answer = browser.client.post(
        "/login", data={"name": name, "password": password}, base_url="http://127.0.0.1:8078",
        environ_base={"REMOTE_ADDR": address},
    )  # fmt: skip
    return answer.status_code


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.write("anna", "vic")
    return made


def test_a_user_is_guessed_at_so_often_and_no_more_from_wherever(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dashboards.auth.login_routes.check_password", lambda password, kept: password == "correct horse"
    )
    browser = site.browser()
    codes = [fail(browser, "anna", f"192.0.2.{number}") for number in range(MAX_PER_USER + 1)]
    assert codes == [401] * MAX_PER_USER + [429]
    assert post(browser, "anna", "correct horse", "198.51.100.1") == 429
    assert fail(browser, "vic", "198.51.100.1") == 401
    site.wait(minutes=5)
    assert post(browser, "anna", "correct horse", "198.51.100.1") == 303


def test_an_address_guesses_so_often_and_no_more_at_whomever(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.auth.login_routes.check_password", lambda _password, _kept: False)
    browser = site.browser()
    codes = [fail(browser, f"user{number}") for number in range(MAX_PER_ADDRESS + 1)]
    assert codes == [401] * MAX_PER_ADDRESS + [429]
    assert fail(browser, "anna", "192.0.2.2") == 401


def test_the_answer_says_how_long_to_wait(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.auth.login_routes.check_password", lambda _password, _kept: False)
    browser = site.browser()
    for _ in range(MAX_PER_USER):
        browser.log_in("anna", "wrong guess")
    site.wait(minutes=3, seconds=20)
    answer = browser.log_in("anna", "wrong guess")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "100")
    assert "Too many attempts. Wait 2 minutes, then try again." in answer.text


def test_right_passwords_are_not_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.auth.login_routes.check_password", lambda _password, _kept: True)
    assert {site.browser().log_in("anna").status_code for _ in range(3 * MAX_PER_ADDRESS)} == {303}


def test_a_right_password_does_not_forgive_the_guesses_before_it() -> None:
    attempts, keys = Attempts(), keys_of("anna", "192.0.2.1")
    for second in range(MAX_PER_USER - 1):
        assert attempts.begin(keys, at(f"11:00:0{second}")) is None
    assert attempts.begin(keys, at("11:01")) is None
    attempts.succeeded(keys, at("11:01"))
    assert attempts.begin(keys, at("11:02")) is None
    wait = attempts.begin(keys, at("11:03"))
    assert wait is not None
    assert wait.total_seconds() == 120


def test_the_addresses_of_one_ipv6_network_are_one() -> None:
    assert keys_of("a", "2001:db8::1") == keys_of("a", "2001:db8::ffff:2")
    assert keys_of("a", "2001:db8::1") != keys_of("a", "2001:db8:0:1::1")
    assert set(keys_of("a", "not an address")) == {"user a", "address not an address"}


def test_a_flood_of_addresses_hides_no_guess_and_fills_no_memory() -> None:
    attempts, known = Attempts(), keys_of("anna", "192.0.2.1")
    for _ in range(MAX_PER_USER):
        assert attempts.begin(known, at("11:00")) is None
    waits = [attempts.begin({f"address {number}": 1}, at("11:01")) for number in range(MAX_KEYS)]
    assert [wait for wait in waits if wait] == [WINDOW, WINDOW]
    assert attempts.begin(known, at("11:02")) == WINDOW - timedelta(minutes=2)
    assert attempts.begin(keys_of("vic", "192.0.2.2"), at("11:07")) is None
