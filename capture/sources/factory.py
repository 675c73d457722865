"""Creates the source of an entry of the list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from capture.cameras.cameras import DEMO, PATTERN, Camera
from capture.cameras.settings import CaptureSettings
from capture.pictures.encoding import Picture
from capture.pictures.freeze_detector import FreezeDetector
from capture.sources.file_source import FileSource
from capture.sources.folder_source import FolderSource
from capture.sources.live_source import LiveSource
from capture.sources.pattern_source import PatternSource
from capture.sources.source import Source

GENERATORS: Final[Mapping[str, Callable[[int, int], Source]]] = {PATTERN: PatternSource}
"""Name in `cameras.GENERATED` → class, called with the entry's width and height in pixels."""


class PathSource:
    """A file or a folder, decided when it is opened: a disk may be mounted late."""

    lost = ""

    def __init__(self, path: Path, *, loop: bool) -> None:
        """Read the file or folder at `path`, repeatedly if `loop`."""
        self._path, self._loop = path, loop
        self._source: Source = FileSource(path, loop=loop)

    @property
    def fastest(self) -> float:
        """Return the value of the opened source."""
        return self._source.fastest

    def open(self) -> None:
        """Open the file or the folder."""
        kind = FolderSource if self._path.is_dir() else FileSource
        self._source = kind(self._path, loop=self._loop)
        self._source.open()

    def read(self, step: float) -> Picture | None:
        """Return the next picture of the opened source."""
        return self._source.read(step)

    def close(self) -> None:
        """Close the opened source."""
        self._source.close()


def source_of(camera: Camera, settings: CaptureSettings, monotonic: Callable[[], float]) -> Source:
    """Create the source of a camera, not opened yet; `monotonic` returns seconds."""
    if camera.source == DEMO:
        return FileSource(settings.demo_clip, loop=camera.loop)
    if generator := GENERATORS.get(camera.source):
        return generator(camera.width, camera.height)
    if camera.is_device or camera.is_stream:
        return LiveSource(camera, settings.patience, FreezeDetector(settings.frozen, monotonic))
    return PathSource(Path(camera.source).expanduser(), loop=camera.loop)
