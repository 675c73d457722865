"""The dashboard's own settings, read once in `main`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from lake.settings import PREFIX, SettingError, number, text

LOOPBACK: Final = "127.0.0.1"
HOST_NAME: Final = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")


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
        airflow_port: of Airflow's pages and API, on loopback.
    """

    port: int = 8078
    host: str = LOOPBACK
    names: tuple[str, ...] = ()
    users: Path | None = None
    session_lasts: timedelta = timedelta(hours=12)
    proxy: str | None = None
    airflow_port: int = 8080

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping, `os.environ` in production.

        Raises:
            SettingError: one of them cannot be used.
        """
        host, users = _address(env, "DASHBOARD_HOST", LOOPBACK), text(env, "DASHBOARD_USERS", "")
        concrete = () if host in (LOOPBACK, "0.0.0.0", "::") else (_named(host),)
        return cls(
            port=int(number(env, "DASHBOARD_PORT", 8078, 1, 65535)),
            host=host,
            names=(*concrete, *_names(env)),
            users=Path(users).expanduser().absolute() if users else None,
            session_lasts=timedelta(hours=number(env, "DASHBOARD_SESSION_HOURS", 12, 0.1, 720)),
            proxy=_address(env, "DASHBOARD_PROXY", "") or None,
            airflow_port=int(number(env, "AIRFLOW_PORT", 8080, 1, 65535)),
        )

    @property
    def is_exposed(self) -> bool:
        """Whether other machines can reach it."""
        return not ipaddress.ip_address(self.host).is_loopback

    @property
    def listen(self) -> str:
        """All addresses as waitress takes them; loopback is always one, where the system looks for it."""
        every = [self.host] if self.host == "0.0.0.0" else [LOOPBACK, self.host]
        return " ".join(dict.fromkeys(f"{_named(one)}:{self.port}" for one in every))


def _named(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _address(env: Mapping[str, str], name: str, default: str) -> str:
    value = text(env, name, default)
    try:
        return str(ipaddress.ip_address(value)) if value else ""
    except ValueError as error:
        raise SettingError(f"{PREFIX}{name}={value!r} is no address; give one such as 192.168.1.5") from error


def _names(env: Mapping[str, str]) -> tuple[str, ...]:
    names = tuple(
        name.strip().lower() for name in text(env, "DASHBOARD_NAMES", "").split(",") if name.strip()
    )
    for name in names:
        if not HOST_NAME.fullmatch(name):
            raise SettingError(
                f"{PREFIX}DASHBOARD_NAMES: {name!r} is no host name; write names without http:// and port,"
                " with commas between them"
            )
    return names
