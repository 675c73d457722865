"""Where the web server listens, and that nobody else's machine reaches it without a login."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dashboards.auth.login import key_path, users_path
from dashboards.auth.private_files import secret_key
from dashboards.auth.users import UsersError, read_users
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import PREFIX, SettingError, Settings


def check_login(settings: Settings, dashboard: DashboardSettings) -> None:
    """Whether logins can work, and that other machines are let in by a login only.

    Raises:
        SettingError: the dashboard would listen beyond loopback and has no users, or has no key.
    """
    path = users_path(settings, dashboard)
    try:
        users = read_users(path)
    except UsersError as error:
        logging.error("nobody is let in: %s", error)
        return
    if dashboard.is_exposed and not users:
        raise SettingError(
            f"{PREFIX}DASHBOARD_HOST={dashboard.host!r} lets other machines in, but {path} has no user:"
            " add one (./pycturestream user add NAME --role admin) or listen on 127.0.0.1"
        )
    if users:
        _check_key(key_path(settings))
    elif dashboard.names:
        logging.warning("%s: answered without a login; add a user", ", ".join(dashboard.names))


def _check_key(path: Path) -> None:
    try:
        secret_key(path)
    except OSError as error:
        raise SettingError(f"{path}, which signs the logins, cannot be read or made: {error}") from error


def listening(dashboard: DashboardSettings) -> Mapping[str, Any]:
    """Where waitress listens, and whose word it takes for the visitor's address."""
    trusted = {
        "trusted_proxy": dashboard.proxy,
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    }
    return {"listen": dashboard.listen, **(trusted if dashboard.proxy else {})}
