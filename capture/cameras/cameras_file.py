"""Changes the list of cameras while keeping its comments."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import AoT

from capture.cameras.cameras import CameraError, cameras_from, read_cameras
from capture.cameras.settings import CaptureSettings
from lake.storage.files import write_atomically

FIRST_LIST: Final = """\
# The cameras of this agent; it notices changes of this file by itself.
# id        names the camera: letters, digits, '_', '-', '.'
# source    demo, test (a moving pattern), the index of a webcam such as 0, a video file, a folder of
#           pictures, or an rtsp:// or http:// address
# interval  seconds between two pictures, or fps: pictures a second; every 3 s by default;
#           0: every one of a file or folder, as fast as they can be sent
# name, place, time_zone  for people: "Front door", "Hall", "Europe/Berlin"
# Also: loop, width, height, quality, enabled, longest_side, masks, motion

[[camera]]
id = "demo"
source = "demo"
interval = 1
loop = true
"""


def ensure_cameras(path: Path) -> None:
    """Create the list with the demo camera if it is missing, readable only by its owner."""
    if not path.exists():
        write_atomically(path, FIRST_LIST.encode(), 0o600)


def _save(path: Path, document: tomlkit.TOMLDocument, defaults: CaptureSettings) -> None:
    content = tomlkit.dumps(document).rstrip() + "\n"
    cameras_from(content, defaults)
    write_atomically(path, content.encode(), 0o600)


def _entries(path: Path, defaults: CaptureSettings) -> tuple[tomlkit.TOMLDocument, AoT]:
    ensure_cameras(path)
    read_cameras(path, defaults)
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    if "camera" not in document or not isinstance(document["camera"], AoT):
        document["camera"] = tomlkit.aot()
    entries = document["camera"]
    assert isinstance(entries, AoT)
    return document, entries


def add_camera(path: Path, entry: dict[str, Any], defaults: CaptureSettings) -> None:
    """Append an entry to the list.

    Raises:
        CameraError: the id is taken, the entry cannot be used, or the list is broken already.
    """
    document, entries = _entries(path, defaults)
    if any(existing.get("id") == entry["id"] for existing in entries):
        raise CameraError(
            f"camera {entry['id']!r} is listed already in {path}; remove it first, or choose another id"
        )
    table = tomlkit.table()
    table.update(entry)
    table.trivia.indent = "\n"  # an empty line before the entry
    entries.append(table)
    _save(path, document, defaults)


def remove_camera(path: Path, camera_id: str, defaults: CaptureSettings) -> None:
    """Remove an entry from the list.

    Raises:
        CameraError: no such camera; the message lists the existing ones.
    """
    document, entries = _entries(path, defaults)
    ids = [str(entry["id"]) for entry in entries]
    if camera_id not in ids:
        raise CameraError(f"no camera {camera_id!r} in {path}; there are: {', '.join(ids) or 'none'}")
    del entries[ids.index(camera_id)]
    _save(path, document, defaults)
