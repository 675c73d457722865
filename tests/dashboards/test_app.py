"""What the web server answers, without Kafka and without a lake."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dashboards.app import create_app
from dashboards.auth.security import MAX_BYTES
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import SettingError, Settings
from tests.conftest import at

OWN = {"base_url": "http://127.0.0.1:8078"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    data: Path = tmp_path_factory.mktemp("data")
    settings = Settings(home=data, data=data, kafka="127.0.0.1:1")
    return create_app(settings, DashboardSettings(), lambda: at("11:00")).server.test_client()


def test_every_answer_forbids_what_is_not_its_own(client: FlaskClient) -> None:
    for path in ("/", "/nowhere", "/live/state.json", "/healthz"):
        headers = client.get(path, **OWN).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/live/door/other.jpg", "/live/a%2Fb/sent.jpg", "/live/door/sent.jpg", "/assets/../app.py"],
)
def test_an_unknown_path_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path, **OWN).status_code == 404


def test_a_page_that_does_not_exist_names_those_that_do(client: FlaskClient) -> None:
    answer = client.get("/<script>", **OWN)
    assert answer.mimetype == "text/plain"
    assert "The pages are: /" in answer.text


@pytest.mark.parametrize("host", ["evil.example:8078", "evil.example", "127.0.0.1.evil.example"])
def test_a_page_from_elsewhere_is_refused(client: FlaskClient, host: str) -> None:
    assert client.get("/", base_url=f"http://{host}").status_code == 421


def test_a_body_too_large_is_refused(client: FlaskClient) -> None:
    body = b"x" * (MAX_BYTES + 1)
    answer = client.post("/_dash-update-component", data=body, content_type="application/json", **OWN)
    assert answer.status_code == 413


def test_without_kafka_the_live_page_says_so_and_health_is_red(client: FlaskClient) -> None:
    none = {"cameras": [], "found": 0, "first": 0, "at_once": 24}
    for query in ("", "?find=<b>&first=9", "?first=x"):
        told = client.get(f"/live/state.json{query}", **OWN).json
        assert told == none | {"trouble": "not connected yet"}
    answer = client.get("/healthz", **OWN)
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["pages"]["live"] == {"state": "error", "sentence": "not connected yet"}


def test_the_ports_are_those_of_the_settings_and_nonsense_is_refused() -> None:
    env = {"PYCTURESTREAM_DASHBOARD_PORT": "1234", "PYCTURESTREAM_AIRFLOW_PORT": "4321"}
    assert DashboardSettings.from_env(env) == DashboardSettings(port=1234, airflow_port=4321)
    with pytest.raises(SettingError, match="AIRFLOW_PORT='none' must be a whole number from 1 to 65535"):
        DashboardSettings.from_env({"PYCTURESTREAM_AIRFLOW_PORT": "none"})


def test_airflow_s_api_is_on_this_machine_unless_another_is_named() -> None:
    here, there = {"PYCTURESTREAM_AIRFLOW_PORT": "4321"}, {"PYCTURESTREAM_AIRFLOW": "airflow-api:8080"}
    asked = [DashboardSettings.from_env(env).airflow_api for env in (here, here | there)]
    assert asked == ["127.0.0.1:4321", "airflow-api:8080"]
