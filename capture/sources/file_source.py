"""Pictures of a video file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from capture.pictures.encoding import Picture
from capture.sources.source import CameraUnavailableError, EndOfSourceError

USUAL_FPS: Final = 25.0

# OpenCV and its FFmpeg would write into the log.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class FileSource:
    """A video file, read in its own time: each read goes `step` seconds further in the video."""

    lost = ""

    def __init__(self, path: Path, *, loop: bool) -> None:
        """Read `path`, repeatedly from its beginning if `loop`."""
        self._path, self._loop = path, loop
        self._film: cv2.VideoCapture | None = None
        self._rate = USUAL_FPS
        self._next = 0
        self._position = 0.0
        self._shown = -1

    @property
    def fastest(self) -> float:
        """Return the duration of one frame of the video, seconds."""
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
        video = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not video.isOpened():
            raise CameraUnavailableError(
                f"file {str(self._path)!r} is no video that can be read; try another file"
            )
        rate = video.get(cv2.CAP_PROP_FPS)
        self._film, self._next = video, 0
        self._rate = rate if 0 < rate <= 1000 else USUAL_FPS

    def read(self, step: float) -> Picture | None:
        """Return the frame `step` seconds after the last one read; at first the first one."""
        if self._shown >= 0:
            self._position += step
        target = round(self._position * self._rate)
        if not self._walk_to(target):
            self._wrap(target)
        assert self._film is not None
        ok, picture = self._film.retrieve()
        if not ok or picture is None:
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
        """Continue from the beginning, by the number of frames that were really read."""
        frames = self._next
        if not frames:
            raise CameraUnavailableError(f"file {str(self._path)!r} holds no pictures; try another file")
        if not self._loop:
            raise EndOfSourceError(f"{str(self._path)!r} ended after {frames} frames")
        wrapped = target % frames
        if wrapped == self._shown:
            # a step of exactly the video's length would show one frame forever
            wrapped = (wrapped + 1) % frames
        self._rewind()
        self._position = wrapped / self._rate
        if not self._walk_to(wrapped):
            raise CameraUnavailableError(f"file {str(self._path)!r} changed while it was read")

    def close(self) -> None:
        """Close the file."""
        if self._film is not None:
            self._film.release()
            self._film = None
