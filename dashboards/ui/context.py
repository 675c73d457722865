"""What every page is given: settings, services and the time, kept by the web server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import current_app

from dashboards.ui.services import Services
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings

KEY: Final = "pycturestream"


@dataclass(frozen=True, slots=True)
class Context:
    """One dashboard's surroundings.

    Attributes:
        settings: where the lake and Kafka are.
        dashboard: the dashboard's own settings.
        clock: the time now, UTC.
        services: what is kept between requests.
    """

    settings: Settings
    dashboard: DashboardSettings
    clock: Callable[[], datetime]
    services: Services


def current_context() -> Context:
    """Return the context of the server that answers this request."""
    return current_app.config[KEY]  # type: ignore[no-any-return]
