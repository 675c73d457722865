"""`python -m capture.sources.reader_process`: reads one live camera; started by `live_source`.

A read that hangs in a driver can only be ended with its process. Standard input gives one line of
JSON (`OpenRequest`), then a byte for each picture wanted; its end, as when the agent is killed, ends this
process. Standard output holds pictures as `HEAD` and bytes, and now and then an empty head as a heartbeat.
"""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from io import FileIO
from typing import Any, BinaryIO, Final

import cv2

HEAD: Final = struct.Struct("<II")
"""Height and width of the picture that follows; zeros if none does."""
OPEN_TIMEOUT_MS: Final = 8_000
READ_TIMEOUT_MS: Final = 8_000
HEARTBEAT_INTERVAL_S: Final = 0.25
MIN_SKIP_S: Final = 0.5
SNAPSHOT_SECONDS: Final = 0.05
GRACE_SECONDS: Final = 0.5
"""Time for a running read to finish when the end is requested, so that a stream is closed gracefully."""


class Ending(IntEnum):
    """Exit status of this process: why it ended."""

    REFUSED = 10
    UNAUTHORIZED = 11
    NOT_FOUND = 12
    STOPPED = 13


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """Source to open: index of a device or address, passwords included, and pixels asked of a device."""

    source: str
    width: int
    height: int

    @property
    def is_device(self) -> bool:
        """Return whether the source is an index."""
        return self.source.isdecimal()


class Requests:
    """Requests of the agent: a picture, or the end; set by a thread of their own."""

    wanted = over = False

    def follow(self, stdin: BinaryIO) -> None:
        """Set a flag for each request; after the end, give a running read some time, then exit."""
        while stdin.read(1):
            self.wanted = True
        self.over = True
        time.sleep(GRACE_SECONDS)
        os._exit(0)


def connect(request: OpenRequest) -> cv2.VideoCapture:
    """Open the device or stream; the result may not be open."""
    if request.is_device:
        device = cv2.VideoCapture(int(request.source))
        device.set(cv2.CAP_PROP_FRAME_WIDTH, request.width)
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, request.height)
        return device
    limits = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: OPEN_TIMEOUT_MS,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: READ_TIMEOUT_MS,
        cv2.CAP_PROP_N_THREADS: 1,  # each further thread delays a picture
    }
    return cv2.VideoCapture(
        request.source, cv2.CAP_FFMPEG, [word for pair in limits.items() for word in pair]
    )


def skip_backlog(device: cv2.VideoCapture, opening: float, monotonic: Callable[[], float]) -> None:
    """Skip the pictures that came while the stream was opened, which took `opening` seconds.

    They come at once; the first one that must be waited for is new.
    """
    first = previous = None
    while opening >= MIN_SKIP_S:
        began = monotonic()
        if not device.grab():
            return
        position = device.get(cv2.CAP_PROP_POS_MSEC) / 1000
        first = position if first is None else first
        waited = monotonic() - began
        if position - first >= opening or (previous is not None and 2 * waited >= position - previous):
            return
        previous = position


def skip_decoding(device: cv2.VideoCapture) -> bool:
    """Disable decoding and return True for a stream of JPEGs; others need each picture for the next."""
    code = int(device.get(cv2.CAP_PROP_FOURCC))
    return code == cv2.VideoWriter.fourcc(*"MJPG") and bool(device.set(cv2.CAP_PROP_FORMAT, -1))


def picture_of(device: cv2.VideoCapture, *, is_jpeg: bool) -> Any:
    """Return the grabbed picture, blue, green, red; None if it cannot be decoded."""
    ok, content = device.retrieve()
    if not ok or not content.size:
        return None
    if is_jpeg:
        return cv2.imdecode(content, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return content if content.ndim == 3 else cv2.cvtColor(content, cv2.COLOR_GRAY2BGR)


class Responses:
    """Responses to the agent: requested pictures, and heartbeats."""

    def __init__(self, requests: Requests, out: BinaryIO) -> None:
        """Answer `wishes` through `out`."""
        self._requests, self._out = requests, out
        self._last_sent_at = float("-inf")
        self._sent = 0

    def give(self, device: cv2.VideoCapture, *, is_jpeg: bool) -> None:
        """Send the grabbed picture if one is requested; only then is it decoded."""
        picture = picture_of(device, is_jpeg=is_jpeg) if self._requests.wanted else None
        if picture is not None:
            self._requests.wanted = False
            self._sent += 1
            self._out.write(HEAD.pack(*picture.shape[:2]))
            self._out.write(picture.data)
            self._out.flush()
        elif not self._requests.wanted:
            self.live()

    def live(self) -> None:
        """Send a heartbeat, if one is due."""
        if time.monotonic() - self._last_sent_at >= HEARTBEAT_INTERVAL_S:
            self._last_sent_at = time.monotonic()
            self._out.write(HEAD.pack(0, 0))
            self._out.flush()

    def drain(self, device: cv2.VideoCapture, *, is_jpeg: bool) -> int:
        """Grab every picture, so that a requested one is the next; return how many were grabbed."""
        grabbed = 0
        while not self._requests.over and device.grab():
            grabbed += 1
            self.give(device, is_jpeg=is_jpeg)
        return grabbed

    def read_snapshots(self, request: OpenRequest) -> None:
        """Open the address for each requested picture: it serves single pictures."""
        while not self._requests.over:
            if not self._requests.wanted:
                self.live()
                time.sleep(SNAPSHOT_SECONDS)
                continue
            given = self._sent
            device = connect(request)
            self.drain(device, is_jpeg=skip_decoding(device))
            device.release()
            if self._sent == given:
                return


def reason_of(text: str) -> Ending:
    """Return why a source did not open, from the output of OpenCV and FFmpeg.

    >>> reason_of("[rtsp] method DESCRIBE failed: 401 (Unauthorized)").name
    'UNAUTHORIZED'
    """
    match = re.search(r"(?:failed:|error) (\d{3})\b", text)
    endings = {"401": Ending.UNAUTHORIZED, "403": Ending.UNAUTHORIZED, "404": Ending.NOT_FOUND}
    return endings.get(match[1], Ending.REFUSED) if match else Ending.REFUSED


def redirect_native_output() -> int:
    """Redirect the output of libraries, which may hold addresses, to the returned file descriptor."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)  # excess output is lost
    for standard in (1, 2):
        os.dup2(write, standard)
    return read


def read_camera(request: OpenRequest, requests: Requests, out: BinaryIO, native_output: int) -> Ending:
    """Open, drain and release the camera; return how it ended."""
    began = time.monotonic()
    device = connect(request)
    if not device.isOpened():
        try:
            return reason_of(os.read(native_output, 65536).decode(errors="replace"))
        except BlockingIOError:
            return Ending.REFUSED
    is_jpeg = False
    if not request.is_device:
        is_jpeg = skip_decoding(device)
        skip_backlog(device, time.monotonic() - began, time.monotonic)
    responses = Responses(requests, out)
    is_snapshot = responses.drain(device, is_jpeg=is_jpeg) <= 1
    device.release()
    if is_snapshot and not request.is_device:
        responses.read_snapshots(request)
    return Ending.STOPPED


def main() -> None:
    """Read the camera that standard input names; the exit status is an `Ending`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the agent's
    out = os.fdopen(os.dup(1), "wb")
    native_output = redirect_native_output()
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "24"  # warnings: the lowest level that shows a refused password
    stdin = FileIO(0)
    request = OpenRequest(**json.loads(stdin.readline()))
    requests = Requests()
    threading.Thread(target=requests.follow, args=(stdin,), daemon=True).start()
    try:
        ending = read_camera(request, requests, out, native_output)
    except BrokenPipeError:
        ending = Ending.STOPPED
    os._exit(ending)


if __name__ == "__main__":
    main()
