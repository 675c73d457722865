"""Where the dashboard listens, and under which names it answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dashboards.auth.users import write_users
from dashboards.bind import check_login, listening
from dashboards.server import main
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import SettingError, Settings
from tests.dashboards.logins import PERSONS, Site


def read(**said: str) -> DashboardSettings:
    return DashboardSettings.from_env(
        {f"PYCTURESTREAM_DASHBOARD_{name}": value for name, value in said.items()}
    )


def test_unless_told_it_listens_on_loopback_only() -> None:
    assert read() == DashboardSettings(8078, "127.0.0.1", (), None, timedelta(hours=12), None)
    assert listening(read()) == {"listen": "127.0.0.1:8078"}
    assert not read().is_exposed


@pytest.mark.parametrize(
    ("host", "listen", "names"),
    [
        ("0.0.0.0", "0.0.0.0:80", ()),
        ("::", "127.0.0.1:80 [::]:80", ()),
        ("192.168.1.5", "127.0.0.1:80 192.168.1.5:80", ("192.168.1.5",)),
        ("fd00::5", "127.0.0.1:80 [fd00::5]:80", ("[fd00::5]",)),
    ],
)
def test_an_address_is_listened_at_besides_loopback(host: str, listen: str, names: tuple[str, ...]) -> None:
    settings = read(HOST=host, PORT="80")
    assert (settings.listen, settings.names, settings.is_exposed) == (listen, names, True)


def test_all_settings_are_read() -> None:
    settings = read(
        NAMES="Cams.example, cams,[fd00::5]", USERS="/etc/users.json", SESSION_HOURS="1.5", PROXY="127.0.0.1"
    )
    assert settings == DashboardSettings(
        8078, "127.0.0.1", ("cams.example", "cams", "[fd00::5]"), Path("/etc/users.json"),
        timedelta(minutes=90), "127.0.0.1",
    )  # fmt: skip
    assert listening(settings) == {
        "listen": "127.0.0.1:8078", "trusted_proxy": "127.0.0.1", "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HOST", "cams.example", "DASHBOARD_HOST='cams.example' is no address; give one such as 192.168.1.5"),
        ("HOST", "127.0.0.1 0.0.0.0", "is no address"),
        ("PROXY", "*", "DASHBOARD_PROXY='*' is no address"),
        (
            "NAMES",
            "https://cams.example",
            "'https://cams.example' is no host name; write names without http://",
        ),
        ("NAMES", "cams:8078", "'cams:8078' is no host name"),
        ("SESSION_HOURS", "0", "must be a number from 0.1 to 720"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(**{name: value})
    assert said in str(caught.value)


def test_other_machines_are_not_let_in_without_a_user(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env = {"PYCTURESTREAM_DATA": str(tmp_path), "PYCTURESTREAM_DASHBOARD_HOST": "0.0.0.0"}
    assert main(env) == 2
    said = capsys.readouterr().err
    assert "PYCTURESTREAM_DASHBOARD_HOST='0.0.0.0' lets other machines in" in said
    assert "add one (./pycturestream user add NAME --role admin) or listen on 127.0.0.1" in said
    write_users(tmp_path / "dashboard" / "users.json", PERSONS)
    check_login(Settings.from_env(env), DashboardSettings.from_env(env))


def test_a_key_that_cannot_be_made_is_said_at_the_start(tmp_path: Path) -> None:
    env = {"PYCTURESTREAM_DATA": str(tmp_path)}
    write_users(tmp_path / "dashboard" / "users.json", PERSONS)
    (tmp_path / "dashboard" / "secret.key").mkdir()
    with pytest.raises(SettingError, match=r"secret\.key, which signs the logins, cannot be read or made: "):
        check_login(Settings.from_env(env), DashboardSettings.from_env(env))


def test_where_other_machines_come_the_last_user_takes_the_key_along(tmp_path: Path) -> None:
    site = Site(tmp_path, DashboardSettings(host="0.0.0.0", names=("cams.example",)))
    browser = site.browser()
    for path in ("/", "/login", "/live/state.json"):
        assert browser.look(path).status_code == 503
    assert "There is no user yet." in browser.look("/").text
    site.write("anna")
    assert browser.look("/").status_code == 303
    site.write()
    assert browser.look("/").status_code == 503


def test_a_name_that_was_told_is_answered_and_no_other(tmp_path: Path) -> None:
    browser = Site(tmp_path, DashboardSettings(names=("cams.example", "[fd00::5]"))).browser()
    for base in ("https://cams.example", "http://cams.example:8078", "http://CAMS.example", "http://[fd00::5]:80",
                 "http://[::1]", "http://localhost"):  # fmt: skip
        assert browser.get("/live/state.json", base=base).status_code == 200, base
    for base in ("https://x.cams.example", "http://cams.example.evil", "http://[fd00::6]", "http://10.0.0.1"):
        answer = browser.get("/live/state.json", base=base)
        assert answer.status_code == 421, base
    assert answer.text == "Ask for one of: 127.0.0.1, localhost, [::1], cams.example, [fd00::5].\n"
