"""The dashboard's own settings, read once in `main`."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from lake.config.settings import LOOPBACK, number, path, text, whole


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """How the dashboard is served.

    Attributes:
        port: of the pages.
        host: address that listens, besides loopback; 0.0.0.0 is every one of this machine.
        names: host names that are answered besides those of loopback, in lower case.
        users: file of those who may log in; None for `dashboard/users.json` in the data folder.
        session_lasts: after which a login ends.
        proxy: address of the proxy whose word is taken for the visitor's address and for https.
        airflow_port: of Airflow's pages, on loopback.
        airflow: where its API answers, host:port; empty for loopback and that port.
    """

    port: int = 8078
    host: str = LOOPBACK
    names: tuple[str, ...] = ()
    users: Path | None = None
    session_lasts: timedelta = timedelta(hours=12)
    proxy: str | None = None
    airflow_port: int = 8080
    airflow: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping, `os.environ` in production.

        Raises:
            SettingError: one of them cannot be used.
        """
        host, users = _address(env, "DASHBOARD_HOST"), text(env, "DASHBOARD_USERS")
        concrete = () if host in (LOOPBACK, "0.0.0.0", "::") else (_named(host),)
        return cls(
            port=whole(env, "DASHBOARD_PORT"),
            host=host,
            names=(*concrete, *_names(env)),
            users=path(env, "DASHBOARD_USERS") if users else None,
            session_lasts=timedelta(hours=number(env, "DASHBOARD_SESSION_HOURS")),
            proxy=_address(env, "DASHBOARD_PROXY") or None,
            airflow_port=whole(env, "AIRFLOW_PORT"),
            airflow=text(env, "AIRFLOW"),
        )

    @property
    def is_exposed(self) -> bool:
        """Whether other machines can reach it."""
        return not ipaddress.ip_address(self.host).is_loopback

    @property
    def airflow_api(self) -> str:
        """Where Airflow's API answers, host:port."""
        return self.airflow or f"{LOOPBACK}:{self.airflow_port}"

    @property
    def listen(self) -> str:
        """All addresses as waitress takes them; loopback is always one, where the system looks for it."""
        every = [self.host] if self.host == "0.0.0.0" else [LOOPBACK, self.host]
        return " ".join(dict.fromkeys(f"{_named(one)}:{self.port}" for one in every))


def _named(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _address(env: Mapping[str, str], name: str) -> str:
    """In its one spelling, empty where none is told."""
    value = text(env, name)
    return str(ipaddress.ip_address(value)) if value else ""


def _names(env: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text(env, "DASHBOARD_NAMES").split(",") if name.strip())
