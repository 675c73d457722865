"""The web server around the pages, from its settings to its end."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from types import FrameType
from typing import Final

from waitress import create_server

from dashboards.app import create_app
from dashboards.bind import check_login, listening
from dashboards.ui.context import KEY
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import SettingError, Settings

THREADS: Final = 16


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


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
    server = create_server(app.server, threads=THREADS, ident=None, **listening(dashboard))
    rooms = app.server.config[KEY].rooms.values()
    signal.signal(signal.SIGTERM, _end)
    try:
        for room in rooms:
            room.start()
        logging.info("pages at http://%s", dashboard.listen.replace(" ", " and http://"))
        server.run()
    finally:
        for room in rooms:
            room.stop()
        server.close()
    return 0
