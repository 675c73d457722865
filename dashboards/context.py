"""What every page is given: where things are and what time it is, kept by the web server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from flask import current_app

from dashboards.settings import DashboardSettings
from lake.settings import Settings

KEY: Final = "pycturestream"


@dataclass(frozen=True, slots=True)
class Context:
    """One dashboard's surroundings.

    Attributes:
        settings: where the lake and Kafka are.
        dashboard: the dashboard's own settings.
        clock: the time now, UTC.
        rooms: what a page keeps between requests, by its name: the live feed, the cube of counts.
    """

    settings: Settings
    dashboard: DashboardSettings
    clock: Callable[[], datetime]
    rooms: Mapping[str, Any] = field(default_factory=dict)


def here() -> Context:
    """The context of the server that answers this request."""
    return current_app.config[KEY]  # type: ignore[no-any-return]
