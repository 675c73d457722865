"""The cameras as their agents' lists name them, for people. No JVM."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from lake.config.lake_location import LakeLocation
from lake.schema.schemas import CAMERA_REGISTRATIONS
from lake.serving.open_tables import OpenTables, TableSnapshot
from lake.storage.reader import LakeUnreadableError
from lake.views.all_views import with_views

SQL: Final = "SELECT c.camera_id, c.name, c.place, c.time_zone, c.enabled FROM cameras c ORDER BY c.camera_id"


@dataclass(frozen=True, slots=True)
class RegisteredCamera:
    """A camera as its list said last; None where the list says nothing.

    Attributes:
        camera_id: names it in topics, tables and addresses.
        name: what people call it.
        place: where it hangs.
        time_zone: of the place, an IANA name.
        enabled: false once it was switched off or taken out of the list.
    """

    camera_id: str
    name: str | None = None
    place: str | None = None
    time_zone: str | None = None
    enabled: bool = True


def shown(camera_id: str, name: str | None, place: str | None) -> str:
    """A camera in words: its name and place before its id, as far as they are known.

    >>> shown("door", "Front door", "Hall"), shown("door", None, "Hall"), shown("door", None, None)
    ('Front door · Hall (door)', 'Hall (door)', 'door')
    """
    said = " · ".join(part for part in (name, place) if part)
    return f"{said} ({camera_id})" if said else camera_id


class Registry:
    """The registered cameras, as new as the lake is.

    Args:
        root: root folder of the tables.
        clock: the time now, UTC.
    """

    def __init__(self, root: LakeLocation, clock: Callable[[], datetime]) -> None:
        self._tables = OpenTables(root, clock, (CAMERA_REGISTRATIONS.name,))
        self._lock = threading.Lock()
        self._read: TableSnapshot | None = None
        self._known: Mapping[str, RegisteredCamera] = MappingProxyType({})

    def start(self) -> None:
        """Nothing runs between questions."""

    def stop(self) -> None:
        """Nothing runs between questions."""

    def health(self) -> dict[str, str]:
        """For `/healthz`."""
        count = len(self.now())
        return {"state": "ok" if count else "empty", "sentence": f"{count} cameras are registered"}

    def now(self) -> Mapping[str, RegisteredCamera]:
        """Camera id to the camera; what was known before while the lake cannot be read: names may be old."""
        with self._lock:
            try:
                opened = self._tables.now()
                if opened is not self._read:
                    self._known, self._read = _read(opened), opened
            except LakeUnreadableError:
                return self._known
            return self._known

    def words(self, camera_ids: Iterable[str]) -> dict[str, str]:
        """Each id with the words for it; of one that nobody registered, the id."""
        known = self.now()
        found = {one: known.get(one, RegisteredCamera(one)) for one in camera_ids}
        return {one: shown(one, camera.name, camera.place) for one, camera in found.items()}


def _read(opened: TableSnapshot) -> Mapping[str, RegisteredCamera]:
    if not opened.has(CAMERA_REGISTRATIONS.name):
        return MappingProxyType({})
    rows = opened.ask(with_views(SQL)).to_pylist()
    return MappingProxyType({row["camera_id"]: RegisteredCamera(**row) for row in rows})
