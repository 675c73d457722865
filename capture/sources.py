"""Where pictures come from. Another kind of source need only follow the `Source` protocol."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from capture.cameras import DEMO, Camera
from capture.frames import Picture
from capture.redaction import redact

OPEN_TIMEOUT_MS: Final = 8_000
READ_TIMEOUT_MS: Final = 8_000
POLL_SECONDS: Final = 0.5
USUAL_FPS: Final = 25.0

# OpenCV and its FFmpeg would print addresses, passwords included.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class CameraUnavailableError(ConnectionError):
    """A source that cannot be opened, or that stopped giving pictures."""


class EndOfSourceError(EOFError):
    """A file that was walked to its end."""


class Source(Protocol):
    """Gives pictures; every call returns within about a second, whatever the device or network does."""

    @property
    def fastest(self) -> float:
        """Seconds between two different pictures of the source, 0 where unknown; known once open."""
        ...

    def open(self) -> None:
        """Begin; may return before the first picture is there.

        Raises:
            CameraUnavailableError: it cannot be opened.
        """
        ...

    def read(self, step: float) -> Picture | None:
        """The picture `step` seconds after the last one, or the freshest; None when there is none yet.

        Raises:
            CameraUnavailableError: the source was lost.
            EndOfSourceError: there will be no more.
        """
        ...

    def close(self) -> None:
        """Release the source; it may be opened again."""
        ...


class FileSource:
    """A video file, walked in its own time: `step` seconds on are `step` seconds further in the film."""

    def __init__(self, path: Path, *, loop: bool) -> None:
        """Walk `path`, from its beginning again and again if `loop`."""
        self._path, self._loop = path, loop
        self._film: cv2.VideoCapture | None = None
        self._rate = USUAL_FPS
        self._next = 0
        self._position = 0.0
        self._shown = -1

    @property
    def fastest(self) -> float:
        """One frame of the film, seconds."""
        return 1 / self._rate

    def open(self) -> None:
        """Open the file at its beginning."""
        if not self._path.is_file():
            raise CameraUnavailableError(
                f"no file {str(self._path)!r}; check the path, or provision the clip first"
            )
        self._rewind()
        self._position, self._shown = 0.0, -1

    def _rewind(self) -> None:
        self.close()
        film = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not film.isOpened():
            raise CameraUnavailableError(
                f"file {str(self._path)!r} is no video that can be read; try another file"
            )
        rate = film.get(cv2.CAP_PROP_FPS)
        self._film, self._next = film, 0
        self._rate = rate if 0 < rate <= 1000 else USUAL_FPS

    def read(self, step: float) -> Picture | None:
        """The frame `step` seconds after the last one read; the first one at first."""
        if self._shown >= 0:
            self._position += step
        target = round(self._position * self._rate)
        if not self._walk_to(target):
            self._wrap(target)
        assert self._film is not None
        there, picture = self._film.retrieve()
        if not there or picture is None:
            raise CameraUnavailableError(
                f"frame {target} of {str(self._path)!r} cannot be decoded; repair the file"
            )
        self._shown = self._next - 1
        return np.asarray(picture, np.uint8)

    def _walk_to(self, target: int) -> bool:
        assert self._film is not None
        while self._next <= target:
            if not self._film.grab():
                return False
            self._next += 1
        return True

    def _wrap(self, target: int) -> None:
        """Go on from the beginning, for a film of as many frames as were really there."""
        frames = self._next
        if not frames:
            raise CameraUnavailableError(f"file {str(self._path)!r} holds no pictures; try another file")
        if not self._loop:
            raise EndOfSourceError(f"{str(self._path)!r} ended after {frames} frames")
        wrapped = target % frames
        if wrapped == self._shown:
            wrapped = (
                wrapped + 1
            ) % frames  # a step of exactly the film's length would show one frame for ever
        self._rewind()
        self._position = wrapped / self._rate
        if not self._walk_to(wrapped):
            raise CameraUnavailableError(f"file {str(self._path)!r} changed while it was read")

    def close(self) -> None:
        """Close the file."""
        if self._film is not None:
            self._film.release()
            self._film = None


def connect(camera: Camera) -> cv2.VideoCapture:
    """A device, asked for the camera's size, or a stream; whether it opened says `isOpened`."""
    if camera.is_device:
        device = cv2.VideoCapture(int(camera.source))
        device.set(cv2.CAP_PROP_FRAME_WIDTH, camera.width)
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.height)
        return device
    limits = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        OPEN_TIMEOUT_MS,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        READ_TIMEOUT_MS,
    ]
    return cv2.VideoCapture(camera.source, cv2.CAP_FFMPEG, limits)


class LiveSource:
    """A device or stream; a reader thread drains it, so that a picture asked for is the freshest one."""

    fastest = 0.0

    def __init__(self, camera: Camera) -> None:
        """Read the camera's device or address; nothing is opened yet."""
        self._camera = camera
        self._name = redact(camera.source)
        self._reader: threading.Thread | None = None
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._wanted = False
        self._picture: Picture | None = None
        self._lost = ""

    def open(self) -> None:
        """Begin to read; a reader that hangs in the driver is never joined by a second one."""
        if self._reader is not None and self._reader.is_alive():
            raise CameraUnavailableError(f"camera {self._name!r} hangs: unplug it, or check its network")
        self._stop, self._lost, self._picture, self._wanted = threading.Event(), "", None, False
        self._reader = threading.Thread(
            target=self._drain, args=(self._stop,), daemon=True, name="camera-reader"
        )
        self._reader.start()

    def _drain(self, stop: threading.Event) -> None:
        lost = f"camera {self._name!r} gives no pictures: unplugged, switched off, or in use elsewhere?"
        device = None
        try:
            device = connect(self._camera)
            while device.isOpened() and not stop.is_set() and device.grab():
                self._hand_out(device)
        except cv2.error as error:
            lost = f"camera {self._name!r} failed: {error}"
        finally:
            if device is not None:
                device.release()
            with self._changed:
                self._lost = redact(lost)
                self._changed.notify_all()

    def _hand_out(self, device: cv2.VideoCapture) -> None:
        with self._changed:
            if not self._wanted:
                return
        there, picture = device.retrieve()
        with self._changed:
            if there:
                self._picture, self._wanted = np.asarray(picture, np.uint8), False
                self._changed.notify_all()

    def read(self, step: float) -> Picture | None:  # the freshest is asked for, not a place in time
        """The next picture that the device gives, waiting for it half a second at most."""
        with self._changed:
            self._wanted = True
            self._changed.wait_for(lambda: self._picture is not None or self._lost, POLL_SECONDS)
            picture, self._picture = self._picture, None
            if picture is None and self._lost:
                raise CameraUnavailableError(self._lost)
            return picture

    def close(self) -> None:
        """Ask the reader to end; it does so after the read it is in."""
        self._stop.set()


def source_of(camera: Camera, demo_clip: Path) -> Source:
    """The source that an entry names, not opened yet."""
    if camera.source == DEMO:
        return FileSource(demo_clip, loop=camera.loop)
    if camera.is_device or camera.is_stream:
        return LiveSource(camera)
    return FileSource(Path(camera.source).expanduser(), loop=camera.loop)
