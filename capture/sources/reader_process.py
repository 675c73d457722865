"""`python -m capture.sources.reader_process`: holds one live camera; started by `live_source`.

A read that hangs in a driver can be ended with its process, and only so. Standard input gives one line of
JSON (`OpenRequest`), then a byte for each picture wanted; its end, as when the agent is killed, ends this
process. Standard output gives pictures as `HEAD` and bytes, and now and then an empty head while frames come.
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
"""Height and width of the picture that follows; zeros where none does."""
OPEN_TIMEOUT_MS: Final = 8_000
READ_TIMEOUT_MS: Final = 8_000
HEARTBEAT_INTERVAL_S: Final = 0.25
MIN_SKIP_S: Final = 0.5
SNAPSHOT_SECONDS: Final = 0.05
GRACE_SECONDS: Final = 0.5
"""So long may a read take that is under way when the end is asked for; a stream is then closed politely."""


class Ending(IntEnum):
    """Why this process ended: its exit status."""

    REFUSED = 10
    UNAUTHORIZED = 11
    NOT_FOUND = 12
    STOPPED = 13


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """What to open: the index of a device or an address, passwords included, and pixels asked of a device."""

    source: str
    width: int
    height: int

    @property
    def is_device(self) -> bool:
        """Whether the source is an index."""
        return self.source.isdecimal()


class Requests:
    """What the agent wants: a picture, or the end; both are written by a thread of their own."""

    wanted = over = False

    def follow(self, orders: BinaryIO) -> None:
        """Note each wish; after the end, let the read under way return, but not for ever."""
        while orders.read(1):
            self.wanted = True
        self.over = True
        time.sleep(GRACE_SECONDS)
        os._exit(0)


def connect(order: OpenRequest) -> cv2.VideoCapture:
    """The opened device or stream, or one that is not open."""
    if order.is_device:
        device = cv2.VideoCapture(int(order.source))
        device.set(cv2.CAP_PROP_FRAME_WIDTH, order.width)
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, order.height)
        return device
    limits = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: OPEN_TIMEOUT_MS,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: READ_TIMEOUT_MS,
        cv2.CAP_PROP_N_THREADS: 1,  # each further one holds a picture back
    }
    return cv2.VideoCapture(order.source, cv2.CAP_FFMPEG, [word for pair in limits.items() for word in pair])


def skip_backlog(device: cv2.VideoCapture, opening: float, monotonic: Callable[[], float]) -> None:
    """Pass over the pictures that came while the stream was opened, for they are as old as that took.

    They come at once; the first one that has to be waited for is new.
    """
    first = before = None
    while opening >= MIN_SKIP_S:
        began = monotonic()
        if not device.grab():
            return
        at = device.get(cv2.CAP_PROP_POS_MSEC) / 1000
        first = at if first is None else first
        waited = monotonic() - began
        if at - first >= opening or (before is not None and 2 * waited >= at - before):
            return
        before = at


def skip_decoding(device: cv2.VideoCapture) -> bool:
    """Leave a stream of JPEGs undecoded, if it is one; others need each picture for the next."""
    code = int(device.get(cv2.CAP_PROP_FOURCC))
    return code == cv2.VideoWriter.fourcc(*"MJPG") and bool(device.set(cv2.CAP_PROP_FORMAT, -1))


def picture_of(device: cv2.VideoCapture, *, packed: bool) -> Any:
    """The grabbed picture, blue, green, red; None for one that cannot be decoded."""
    there, content = device.retrieve()
    if not there or not content.size:
        return None
    if packed:
        return cv2.imdecode(content, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return content if content.ndim == 3 else cv2.cvtColor(content, cv2.COLOR_GRAY2BGR)


class Responses:
    """What goes back to the agent: wanted pictures, and signs that others come too."""

    def __init__(self, wishes: Requests, out: BinaryIO) -> None:
        """Answer `wishes` through `out`."""
        self._wishes, self._out = wishes, out
        self._told = float("-inf")
        self._given = 0

    def give(self, device: cv2.VideoCapture, *, packed: bool) -> None:
        """Answer with the grabbed picture if one is wanted; only then is it decoded."""
        picture = picture_of(device, packed=packed) if self._wishes.wanted else None
        if picture is not None:
            self._wishes.wanted = False
            self._given += 1
            self._out.write(HEAD.pack(*picture.shape[:2]))
            self._out.write(picture.data)
            self._out.flush()
        elif not self._wishes.wanted:
            self.live()

    def live(self) -> None:
        """Tell that all is well, now and then."""
        if time.monotonic() - self._told >= HEARTBEAT_INTERVAL_S:
            self._told = time.monotonic()
            self._out.write(HEAD.pack(0, 0))
            self._out.flush()

    def drain(self, device: cv2.VideoCapture, *, packed: bool) -> int:
        """Take all that the device gives, so that a wanted picture is the next one; how many they were."""
        grabbed = 0
        while not self._wishes.over and device.grab():
            grabbed += 1
            self.give(device, packed=packed)
        return grabbed

    def ask_each_time(self, order: OpenRequest) -> None:
        """Open the address for each wanted picture: it is one that gives a single picture."""
        while not self._wishes.over:
            if not self._wishes.wanted:
                self.live()
                time.sleep(SNAPSHOT_SECONDS)
                continue
            given = self._given
            device = connect(order)
            self.drain(device, packed=skip_decoding(device))
            device.release()
            if self._given == given:
                return


def reason_of(said: str) -> Ending:
    """Why a source did not open, from what OpenCV and FFmpeg said of it.

    >>> reason_of("[rtsp] method DESCRIBE failed: 401 (Unauthorized)").name
    'UNAUTHORIZED'
    """
    status = re.search(r"(?:failed:|error) (\d{3})\b", said)
    known = {"401": Ending.UNAUTHORIZED, "403": Ending.UNAUTHORIZED, "404": Ending.NOT_FOUND}
    return known.get(status[1], Ending.REFUSED) if status else Ending.REFUSED


def redirect_native_output() -> int:
    """Keep what libraries write, addresses included, from everybody else: it goes to the returned file."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)  # what is too much is lost
    for standard in (1, 2):
        os.dup2(write, standard)
    return read


def read_camera(order: OpenRequest, wishes: Requests, out: BinaryIO, words: int) -> Ending:
    """Open, drain and release; how it ended."""
    began = time.monotonic()
    device = connect(order)
    if not device.isOpened():
        try:
            return reason_of(os.read(words, 65536).decode(errors="replace"))
        except BlockingIOError:
            return Ending.REFUSED
    packed = False
    if not order.is_device:
        packed = skip_decoding(device)
        skip_backlog(device, time.monotonic() - began, time.monotonic)
    answers = Responses(wishes, out)
    few = answers.drain(device, packed=packed) <= 1
    device.release()
    if few and not order.is_device:
        answers.ask_each_time(order)
    return Ending.STOPPED


def main() -> None:
    """Read the camera that standard input names; the exit status is an `Ending`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the agent's
    out = os.fdopen(os.dup(1), "wb")
    words = redirect_native_output()
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "24"  # warnings: the least that tells a refused password
    orders = FileIO(0)
    order = OpenRequest(**json.loads(orders.readline()))
    wishes = Requests()
    threading.Thread(target=wishes.follow, args=(orders,), daemon=True).start()
    try:
        ending = read_camera(order, wishes, out, words)
    except BrokenPipeError:
        ending = Ending.STOPPED
    os._exit(ending)


if __name__ == "__main__":
    main()
