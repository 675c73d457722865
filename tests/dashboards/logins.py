"""A dashboard with users, as its own test client: its clock is turned by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dashboards.app import create_app
from dashboards.auth.passwords import hashed
from dashboards.auth.users import ADMIN, VIEWER, User, write_users
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings
from tests.conftest import at

BASE = "http://127.0.0.1:8078"
PASSWORDS = {"anna": "correct horse", "vic": "battery staple"}
PERSONS = {
    "anna": User("anna", ADMIN, hashed(PASSWORDS["anna"])),
    "vic": User("vic", VIEWER, hashed(PASSWORDS["vic"])),
}
NOON = at("12:00")
LOOKS = {"Accept": "text/html,application/xhtml+xml"}
"""What a browser says when a person opens a page; a script's request has none of it."""


@dataclass
class Site:
    """One dashboard; `now` is its time."""

    data: Path
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)
    now: datetime = NOON

    def __post_init__(self) -> None:
        settings = Settings(home=self.data, data=self.data, kafka="127.0.0.1:1")
        self.app = create_app(settings, self.dashboard, lambda: self.now)
        self.users_file = self.data / "dashboard" / "users.json"

    def write(self, *names: str) -> None:
        write_users(self.users_file, {name: PERSONS[name] for name in names})

    def browser(self) -> Browser:
        return Browser(self.app.server.test_client())

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class Browser:
    """Somebody's browser: it keeps cookies, and says from where it sends a form."""

    client: FlaskClient

    def get(self, path: str, base: str = BASE, **headers: str) -> TestResponse:
        return self.client.get(path, base_url=base, headers=headers)

    def look(self, path: str) -> TestResponse:
        return self.get(path, **LOOKS)

    def post(self, path: str, data: Any = None, base: str = BASE, **headers: str) -> TestResponse:
        said = {"Origin": base, **LOOKS, **headers}
        return self.client.post(path, data=data, base_url=base, headers=said)

    def call(self, output: str, *values: Any) -> TestResponse:
        inputs = [{"id": "_pages_location", "property": name, "value": value}
                  for name, value in zip(("pathname", "search"), values, strict=False)]  # fmt: skip
        names = [name.rpartition(".") for name in output.strip(".").split("...")]
        outputs = [{"id": name, "property": prop} for name, _, prop in names]
        said = {"output": output, "outputs": outputs, "inputs": inputs, "changedPropIds": []}
        return self.client.post("/_dash-update-component", json=said, base_url=BASE)

    def log_in(self, name: str, password: str | None = None, **more: str) -> TestResponse:
        typed = PASSWORDS.get(name, "") if password is None else password
        return self.post("/login", {"name": name, "password": typed, **more})
