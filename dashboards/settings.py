"""The dashboard's own settings, read once in `main`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from lake.settings import number

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """How the dashboard is served.

    Attributes:
        port: of the pages, on loopback.
        airflow_port: of Airflow's pages and API, on loopback.
    """

    port: int = 8078
    airflow_port: int = 8080

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping, `os.environ` in production."""
        return cls(
            port=int(number(env, "DASHBOARD_PORT", 8078, 1, 65535)),
            airflow_port=int(number(env, "AIRFLOW_PORT", 8080, 1, 65535)),
        )
