"""What waits while the disk is full."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.stream.archive_frames import ArchiveFrames
from jobs.stream.disk_guard import DiskGuard, StoppedWhileWaitingError

GB = 1_000_000_000


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes free, one figure for each look; the last one stays."""
    figures = [5 * GB]
    monkeypatch.setattr("jobs.stream.disk_guard.CHECK_INTERVAL_S", 0.0)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: SimpleNamespace(free=figures.pop(0) if figures[1:] else figures[0])
    )
    return figures


def test_with_room_nothing_waits(free: list[int]) -> None:
    free[:] = [2 * GB]
    room = DiskGuard(Path("/lake"), 2 * GB)
    room.wait()
    assert room.paused is None


def test_a_batch_goes_on_when_there_is_room_again(free: list[int], caplog: pytest.LogCaptureFixture) -> None:
    free[:] = [2 * GB - 1, GB, 2 * GB]
    room = DiskGuard(Path("/lake"), 2 * GB)
    room.wait()
    assert room.paused is None
    assert caplog.messages == [
        "pictures are not archived and wait in Kafka:"
        " the disk of /lake has 2.0 GB free, under 2 GB; free some"
    ]


def test_an_application_that_ends_waits_no_longer_and_says_why_it_paused(free: list[int]) -> None:
    free[:] = [GB]
    room = DiskGuard(Path("/lake"), 2 * GB, threading.Event())
    room.stopping.set()
    with pytest.raises(StoppedWhileWaitingError, match="stopped while pictures waited"):
        room.wait()
    assert room.paused == (
        "pictures are not archived and wait in Kafka:"
        " the disk of /lake has 1.0 GB free, under 2 GB; free some"
    )


def test_the_archive_of_pictures_waits_before_it_touches_anything(free: list[int]) -> None:
    free[:] = [GB]
    room = DiskGuard(Path("/lake"), 2 * GB)
    room.stopping.set()
    untouched: Any = None
    archive = ArchiveFrames(untouched, untouched, room, untouched, "UTC")
    with pytest.raises(StoppedWhileWaitingError):
        archive(untouched, 7)
