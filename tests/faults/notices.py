"""Notices about cameras on the wire, and what the table holds of them."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.support.running.system import System
from benchmarks.support.running.wire import Place, Record, send
from lake.contracts.wire_format import STATUS_TOPIC
from lake.schema.schemas import CAMERA_STATUS
from lake.storage.reader import read_rows

NONSENSE = b"nonsense"


def notice(camera: str, captured: int, **about: Any) -> Record:
    """A notice of a camera in the list."""
    said = {"at": "2026-01-02T11:00:00Z", "state": "running", "captured": captured}
    return Record(camera.encode(), json.dumps({**said, "camera": about}).encode())


def send_notices(system: System, camera: str, count: int) -> list[Place]:
    """Heartbeats of a camera; where each was written."""
    return send(system.broker.address, [notice(camera, number) for number in range(count)], STATUS_TOPIC)


def notices_stored(system: System, places: list[Place]) -> None:
    """Wait until the table holds the notices of a camera: each of these places once, and no other."""
    place = 's."partition" = {} AND s."offset" = {}'.format(*places[0])
    of_camera = f"SELECT s.camera_id FROM camera_status s WHERE {place}"
    sql = f'SELECT c."partition", c."offset" FROM camera_status c WHERE c.camera_id IN ({of_camera})'

    def all_there() -> list[Place] | None:
        found = sorted(tuple(row.values()) for row in read_rows(system.lake, sql, CAMERA_STATUS))
        return found if set(found) >= set(places) else None  # type: ignore[return-value]

    assert system.wait("notices in the table", all_there) == sorted(places)
