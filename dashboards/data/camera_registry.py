"""Registered cameras as their agents' lists name them, for people. No JVM."""

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
    """A camera according to its newest list; None where the list has no value.

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


def camera_label(camera_id: str, name: str | None, place: str | None) -> str:
    """Return the label of a camera: its name and place before its id, as far as they are known.

    >>> camera_label("door", "Front door", "Hall"), camera_label("door", None, "Hall")
    ('Front door · Hall (door)', 'Hall (door)')
    >>> camera_label("door", None, None)
    'door'
    """
    words = " · ".join(part for part in (name, place) if part)
    return f"{words} ({camera_id})" if words else camera_id


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
        """Return the health for `/healthz`."""
        count = len(self.now())
        return {"state": "ok" if count else "empty", "sentence": f"{count} cameras are registered"}

    def now(self) -> Mapping[str, RegisteredCamera]:
        """Return camera id to camera; cached, perhaps old names while the lake cannot be read."""
        with self._lock:
            try:
                opened = self._tables.now()
                if opened is not self._read:
                    self._known, self._read = _read(opened), opened
            except LakeUnreadableError:
                return self._known
            return self._known

    def words(self, camera_ids: Iterable[str]) -> dict[str, str]:
        """Return each id with its label; for an unregistered camera, the id."""
        registered = self.now()
        cameras = {
            camera_id: registered.get(camera_id, RegisteredCamera(camera_id)) for camera_id in camera_ids
        }
        return {
            camera_id: camera_label(camera_id, camera.name, camera.place)
            for camera_id, camera in cameras.items()
        }


def _read(opened: TableSnapshot) -> Mapping[str, RegisteredCamera]:
    if not opened.has(CAMERA_REGISTRATIONS.name):
        return MappingProxyType({})
    rows = opened.ask(with_views(SQL)).to_pylist()
    return MappingProxyType({row["camera_id"]: RegisteredCamera(**row) for row in rows})
