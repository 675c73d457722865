"""Addresses of Airflow's parts: on one machine unless settings say otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from lake.config.settings import LOOPBACK, PREFIX, SettingError, text, whole


@dataclass(frozen=True, slots=True)
class AirflowPlaces:
    """Addresses of Airflow's parts.

    Attributes:
        listen: address on which its API and its log server listen.
        api: host:port of the API.
        logs_host: host of the log server, as the API reaches it.
        database: SQLAlchemy URL of another database, password included; empty for the own SQLite file.
    """

    listen: str
    api: str
    logs_host: str
    database: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping.

        Raises:
            SettingError: one of them cannot be used.
        """
        return cls(
            listen=text(env, "AIRFLOW_HOST"),
            api=text(env, "AIRFLOW", f"{LOOPBACK}:{whole(env, 'AIRFLOW_PORT')}"),
            logs_host=text(env, "AIRFLOW_LOGS_HOST"),
            database=with_password(text(env, "AIRFLOW_DATABASE"), text(env, "AIRFLOW_DATABASE_PASSWORD")),
        )


def with_password(address: str, password: str) -> str:
    """Return the database's URL with the quoted password; empty without a database.

    >>> with_password("postgresql+psycopg2://airflow@postgres/airflow", "p@ss/word")
    'postgresql+psycopg2://airflow:p%40ss%2Fword@postgres/airflow'

    Raises:
        SettingError: it is no address of a PostgreSQL database.
    """
    if not address:
        return ""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = make_url("none://")
    if not (url.get_backend_name() == "postgresql" and url.host and url.database):
        raise SettingError(  # not the value, which may hold a password
            f"{PREFIX}AIRFLOW_DATABASE is no address of a PostgreSQL database; write it as"
            " postgresql+psycopg2://airflow@db.example/airflow"
        )
    return (url.set(password=password) if password else url).render_as_string(hide_password=False)


def host_of_logs() -> str:
    """Return this machine's host name for Airflow, which fetches logs of running tasks from it.

    Loopback by default, where the log server listens and nobody else can.
    """
    return AirflowPlaces.from_env(os.environ).logs_host
