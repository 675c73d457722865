"""Which kind of source an entry of the list names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from capture.cameras import DEMO, PATTERN, Camera
from capture.file_source import FileSource
from capture.folder_source import FolderSource
from capture.frozen import FrozenWatch
from capture.live_source import LiveSource
from capture.pattern_source import PatternSource
from capture.settings import CaptureSettings
from capture.sources import Source


def source_of(camera: Camera, settings: CaptureSettings, monotonic: Callable[[], float]) -> Source:
    """The source that an entry names, not opened yet; `monotonic` gives seconds."""
    if camera.source == DEMO:
        return FileSource(settings.demo_clip, loop=camera.loop)
    if camera.source == PATTERN:
        return PatternSource(camera.width, camera.height)
    if camera.is_device or camera.is_stream:
        return LiveSource(camera, settings.patience, FrozenWatch(settings.frozen, monotonic))
    path = Path(camera.source).expanduser()
    kind = FolderSource if path.is_dir() else FileSource
    return kind(path, loop=camera.loop)
