"""Pictures of a webcam or a stream, read by a child process that is killed when it hangs."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from capture.cameras.cameras import Camera
from capture.cameras.redaction import redact
from capture.pictures.encoding import Picture
from capture.pictures.freeze_detector import FreezeDetector
from capture.sources.reader_process import HEAD, Ending, OpenRequest
from capture.sources.source import CameraUnavailableError

ROOT: Final = Path(__file__).parents[2]
POLL_SECONDS: Final = 0.5
OPEN_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 0.8
TERMINATE_SECONDS: Final = 0.5

Process = subprocess.Popen[bytes]
ENDINGS: Final[dict[int, str]] = {
    Ending.REFUSED: "gives no pictures: unplugged, switched off, or in use elsewhere?",
    Ending.UNAUTHORIZED: "refuses its user or password (401 Unauthorized); correct them in its address",
    Ending.NOT_FOUND: "knows no such stream (404 Not Found); correct the path in its address",
    Ending.STOPPED: "stopped giving pictures: unplugged, switched off, or restarting?",
}


def start_reader(camera: Camera) -> Process:
    """Start a reader of the camera; its address goes through a pipe, since others can see arguments."""
    reader = subprocess.Popen(
        [sys.executable, "-m", "capture.sources.reader_process"],
        bufsize=0, cwd=ROOT, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert reader.stdin is not None
    request = OpenRequest(camera.source, camera.width, camera.height)
    with suppress(BrokenPipeError):  # it died already: see its exit status
        reader.stdin.write(json.dumps(asdict(request)).encode() + b"\n")
    return reader


def end_reader(reader: Process, grace: float = 0.0) -> int:
    """End the process, by force after `grace` seconds; return its exit status."""
    for seconds, end in ((grace, reader.terminate), (TERMINATE_SECONDS, reader.kill)):
        try:
            return reader.wait(seconds)
        except subprocess.TimeoutExpired:
            end()
    return reader.wait()


def ending_of(status: int) -> str:
    """Describe an exit status as a problem of the camera."""
    return ENDINGS.get(status, f"cannot be read: its process ended with status {status}")


def receive(pipe: Any, size: int, patience: float) -> bytearray:
    """Read exactly `size` bytes from a pipe.

    Raises:
        TimeoutError: nothing came for `patience` seconds.
        EOFError: the other side has ended.
    """
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    content = bytearray(size)
    remaining = memoryview(content)
    while remaining:
        if not poll.poll(patience * 1000):
            raise TimeoutError(f"{patience:g} s")
        received = pipe.readinto(remaining)
        if not received:
            raise EOFError
        remaining = remaining[received:]
    return content


class LiveSource:
    """A device or stream, drained all the time, so that each returned picture is the newest one.

    A thread reads the reader's output; it ends with the reader, at the latest when that is killed.
    """

    fastest = 0.0

    def __init__(self, camera: Camera, patience: float, frozen: FreezeDetector) -> None:
        """Read the camera's device or address; it is lost after `patience` seconds without a picture."""
        self._camera, self._patience, self._freeze_detector = camera, patience, frozen
        self._name = redact(camera.source)
        self._reader: Process | None = None
        self._follower = threading.Thread()
        self._changed = threading.Condition()
        self._requested = False
        self._picture: Picture | None = None
        self._lost = ""

    def open(self) -> None:
        """Start the reader, unless an earlier one could not be killed."""
        self.close()
        if self._follower.is_alive():
            raise CameraUnavailableError(f"camera {self._name!r} hangs in its driver: unplug it")
        self._lost, self._picture, self._requested = "", None, False
        try:
            self._reader = start_reader(self._camera)
        except OSError as error:
            raise CameraUnavailableError(f"no process can be started for a camera: {error}") from error
        self._follower = threading.Thread(
            target=self._follow, args=(self._reader,), daemon=True, name="camera-reader"
        )
        self._follower.start()

    def _follow(self, reader: Process) -> None:
        """Take the reader's pictures until it ends or hangs, then set `lost`."""
        lost = ""
        assert reader.stdout is not None
        try:
            with reader.stdout as pipe:
                self._take_pictures(pipe)
        except EOFError:
            lost = ending_of(end_reader(reader, TERMINATE_SECONDS))
        except TimeoutError as error:
            lost = f"gave no picture for {error}; its reader was ended"
        finally:
            end_reader(reader)
            with self._changed:
                self._lost = f"camera {self._name!r} {lost or 'cannot be followed'}"
                self._changed.notify_all()

    def _take_pictures(self, pipe: Any) -> None:
        patience = max(OPEN_SECONDS, self._patience)
        while True:
            height, width = HEAD.unpack(receive(pipe, HEAD.size, patience))
            patience = self._patience
            if height:
                content = receive(pipe, height * width * 3, patience)
                with self._changed:
                    self._picture = np.frombuffer(content, np.uint8).reshape(height, width, 3)
                    self._changed.notify_all()

    @property
    def lost(self) -> str:
        """Return why the reader ended, empty while it runs."""
        return self._lost

    def read(self, step: float) -> Picture | None:  # always the newest one, whatever the time
        """Return the next picture of the camera, waiting half a second at most."""
        with self._changed:
            if not self._lost and not self._requested:
                self._request_picture()
            self._changed.wait_for(lambda: self._picture is not None or self._lost, POLL_SECONDS)
            picture, self._picture = self._picture, None
            if picture is None and self._lost:
                raise CameraUnavailableError(self._lost)
        if picture is not None:
            self._requested = False
            self._check_frozen(picture)
        return picture

    def _request_picture(self) -> None:
        assert self._reader is not None
        assert self._reader.stdin is not None
        with suppress(BrokenPipeError):  # the follower will notice
            self._reader.stdin.write(b"1")
            self._requested = True

    def _check_frozen(self, picture: Picture) -> None:
        if seconds := self._freeze_detector.check(picture):
            raise CameraUnavailableError(
                f"camera {self._name!r} has shown the same picture for {seconds:.0f} s: is it frozen? "
                "It is opened anew"
            )

    def close(self) -> None:
        """End the reader gracefully, so that the camera is released, or kill it if it hangs."""
        if self._reader is None:
            return
        assert self._reader.stdin is not None
        self._reader.stdin.close()
        self._follower.join(CLOSE_SECONDS)
        if self._follower.is_alive():
            end_reader(self._reader)
            self._follower.join(CLOSE_SECONDS)
        self._reader = None
