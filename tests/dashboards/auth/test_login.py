"""Logging in and out, and what ends a session."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from dashboards.auth.passwords import hashed
from dashboards.auth.users import ADMIN, User, write_users
from dashboards.ui.settings import DashboardSettings
from tests.dashboards.logins import BASE, PASSWORDS, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.write("anna", "vic")
    return made


def test_without_users_no_login_is_asked_for(tmp_path: Path) -> None:
    browser = Site(tmp_path).browser()
    assert browser.look("/").status_code == 200
    assert browser.look("/login").headers["Location"] == "/"
    assert "Log out" not in browser.get("/_dash-layout").text
    assert not (tmp_path / "dashboard").exists()


def test_the_first_user_closes_a_running_dashboard_and_the_last_one_opens_it(tmp_path: Path) -> None:
    site = Site(tmp_path)
    browser = site.browser()
    assert browser.look("/").status_code == 200
    site.write("anna")
    assert browser.look("/").headers["Location"] == "/login"
    assert browser.log_in("anna").status_code == 303
    assert browser.look("/").status_code == 200
    site.write()
    assert site.browser().look("/").status_code == 200


def test_the_right_password_opens_the_page_that_was_asked_for(site: Site) -> None:
    browser = site.browser()
    asked = browser.look("/report?camera=door&label=a%26b")
    assert asked.status_code == 303
    form = browser.look(asked.headers["Location"])
    assert form.status_code == 200
    assert 'value="/report?camera=door&amp;label=a%26b"' in form.text
    answer = browser.log_in("anna", next="/report?camera=door&label=a%26b")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/report?camera=door&label=a%26b")
    assert browser.look("/report").status_code == 200
    assert "anna (admin)" in browser.get("/_dash-layout").text


@pytest.mark.parametrize(
    ("name", "password"), [("anna", "wrong"), ("nobody", "wrong"), ("<b>", ""), ("", "")]
)
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    site: Site, name: str, password: str
) -> None:
    answer = site.browser().log_in(name, password)
    assert answer.status_code == 401
    assert "Name or password is wrong." in answer.text
    assert "Set-Cookie" not in answer.headers
    unknown = site.browser().log_in("someone", "wrong")
    typed = 'value="" autocomplete' if name in ("<b>", "") else f'value="{name}"'
    assert "<b>" not in answer.text
    assert typed in answer.text
    if name in ("anna", "nobody"):
        assert answer.text == unknown.text.replace("someone", name)


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(site: Site) -> None:
    cookie = site.browser().log_in("anna").headers["Set-Cookie"]
    assert cookie.startswith("pycturestream_session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "anna" not in cookie
    secure = site.browser().post(
        "/login", {"name": "anna", "password": PASSWORDS["anna"]}, base="https://127.0.0.1:8078"
    )
    assert "Secure" in secure.headers["Set-Cookie"].split("; ")


def test_the_key_is_made_once_for_its_owner_only_and_outlives_a_restart(site: Site) -> None:
    browser = site.browser()
    browser.log_in("anna")
    key = site.data / "dashboard" / "secret.key"
    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, 32)
    cookie = browser.client.get_cookie("pycturestream_session", "127.0.0.1")
    assert cookie is not None
    again = Site(site.data).browser()
    again.client.set_cookie("pycturestream_session", cookie.value, domain="127.0.0.1")
    assert again.look("/").status_code == 200
    key.write_bytes(b"x" * 32)
    other = Site(site.data).browser()
    other.client.set_cookie("pycturestream_session", cookie.value, domain="127.0.0.1")
    assert other.look("/").status_code == 303


def test_a_session_ends_after_its_time_however_much_it_was_used(tmp_path: Path) -> None:
    site = Site(tmp_path, DashboardSettings(session_lasts=timedelta(hours=2)))
    site.write("anna")
    browser = site.browser()
    browser.log_in("anna")
    for _ in range(2):
        site.wait(minutes=59)
        assert "Set-Cookie" not in browser.look("/").headers
    site.wait(minutes=2)
    assert browser.look("/").status_code == 303


def test_the_logout_ends_the_session_and_copies_of_its_cookie(site: Site) -> None:
    browser, thief = site.browser(), site.browser()
    browser.log_in("anna")
    cookie = browser.client.get_cookie("pycturestream_session", "127.0.0.1")
    assert cookie is not None
    thief.client.set_cookie("pycturestream_session", cookie.value, domain="127.0.0.1")
    assert thief.look("/").status_code == 200
    answer = browser.post("/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert browser.look("/").status_code == 303
    assert thief.look("/").status_code == 303
    assert browser.get("/logout").status_code == 401


def test_removing_a_user_or_changing_the_password_ends_the_session_at_once(site: Site) -> None:
    anna, vic = site.browser(), site.browser()
    anna.log_in("anna")
    vic.log_in("vic")
    site.write("anna")
    assert vic.get("/live/state.json").status_code == 401
    assert anna.get("/live/state.json").status_code == 200
    write_users(site.users_file, {"anna": User("anna", ADMIN, hashed("another password"))})
    assert anna.get("/live/state.json").status_code == 401
    assert anna.log_in("anna").status_code == 401
    assert anna.log_in("anna", "another password").status_code == 303


def test_whoever_is_logged_in_is_not_asked_again(site: Site) -> None:
    browser = site.browser()
    browser.log_in("anna")
    assert browser.look("/login?next=/explore").headers["Location"] == "/explore"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/\n/evil.example", "javascript:alert(1)", "evil.example", "", " //evil.example", "/" + "x" * 3000,
        "/\\/evil.example", "http:evil.example", "/ /evil",
    ],
)  # fmt: skip
def test_the_login_leads_nowhere_else(site: Site, wanted: str) -> None:
    answer = site.browser().log_in("anna", next=wanted)
    assert answer.status_code == 303
    assert answer.headers["Location"] == ("/%20/evil" if wanted == "/ /evil" else "/")


def test_a_form_sent_by_another_page_is_refused(site: Site) -> None:
    browser = site.browser()
    right = {"name": "anna", "password": PASSWORDS["anna"]}
    strangers: list[dict[str, str]] = [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "null"},
        {"Origin": BASE, "Sec-Fetch-Site": "same-site"},
        {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
    ]
    for said in strangers:
        assert browser.post("/login", right, **said).status_code == 403
    assert browser.post("/login", right, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303
    for path in ("/logout", "/_dash-update-component"):
        for said in strangers:
            assert browser.post(path, **said).status_code == 403
    assert browser.look("/").status_code == 200


def test_each_login_failure_and_logout_is_one_line_without_a_password(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dashboards.auth.login")
    browser = site.browser()
    browser.log_in("anna", "a wrong secret")
    browser.log_in("battery staple", "x")
    browser.log_in("anna")
    browser.post("/logout")
    assert caplog.messages == [
        "failed login of anna from 127.0.0.1",
        "failed login of an unknown name from 127.0.0.1",
        "login of anna (admin) from 127.0.0.1",
        "logout of anna from 127.0.0.1",
    ]
