"""What every page is given: where things are and what time it is, kept by the web server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from flask import current_app

from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings

KEY: Final = "pycturestream"
Room = TypeVar("Room")


@dataclass(frozen=True, slots=True)
class Context:
    """One dashboard's surroundings.

    Attributes:
        settings: where the lake and Kafka are.
        dashboard: the dashboard's own settings.
        clock: the time now, UTC.
        rooms: what a page keeps between requests, by its name: the live feed, the open tables.
    """

    settings: Settings
    dashboard: DashboardSettings
    clock: Callable[[], datetime]
    rooms: Mapping[str, Any] = field(default_factory=dict)

    def room(self, name: str, kind: type[Room]) -> Room:
        """What a page keeps under a name.

        Raises:
            TypeError: it is of another kind.
        """
        kept = self.rooms[name]
        if not isinstance(kept, kind):
            raise TypeError(f"{name} is {kept!r}, no {kind.__name__}")
        return kept


def here() -> Context:
    """The context of the server that answers this request."""
    return current_app.config[KEY]  # type: ignore[no-any-return]
