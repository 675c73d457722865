"""The web server around the pages, from its settings to its end."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

from flask import Flask
from waitress import create_server

from dashboards.app import create_app
from dashboards.auth.security import MAX_BYTES
from dashboards.bind import check_login, listening
from dashboards.ui.context import KEY
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import SettingError, Settings

THREADS: Final = 16


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def open_server(server: Flask, dashboard: DashboardSettings) -> Any:
    """Return a waitress server that is bound and serves once `run` is called.

    waitress refuses a body from `max_request_body_size` bytes on, as soon as its size is known; without it
    1 GB would be taken in before Flask's own limit is looked at.
    """
    return create_server(
        server, threads=THREADS, ident=None, max_request_body_size=MAX_BYTES + 1, **listening(dashboard)
    )


def main(env: Mapping[str, str]) -> int:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        settings, dashboard = Settings.from_env(env), DashboardSettings.from_env(env)
        check_login(settings, dashboard)
    except SettingError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    app = create_app(settings, dashboard, lambda: datetime.now(UTC))
    server = open_server(app.server, dashboard)
    services = app.server.config[KEY].services.by_name().values()
    signal.signal(signal.SIGTERM, _end)
    try:
        for service in services:
            service.start()
        logging.info("pages at http://%s", dashboard.listen.replace(" ", " and http://"))
        server.run()
    finally:
        for service in services:
            service.stop()
        server.close()
    return 0
