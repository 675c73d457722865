"""Pictures of a folder, in the order of their names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from capture.pictures.encoding import Picture
from capture.sources.source import CameraUnavailableError, EndOfSourceError, UnreadablePictureError

SUFFIXES: Final = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


class FolderSource:
    """A folder's pictures, one for each read; files with other suffixes are skipped."""

    fastest = 0.0
    lost = ""

    def __init__(self, folder: Path, *, loop: bool) -> None:
        """Read `folder`; if `loop`, repeatedly, listing it again at each beginning."""
        self._folder, self._loop = folder, loop
        self._waiting: list[Path] = []
        self._readable = 0

    def open(self) -> None:
        """List the folder."""
        try:
            paths = [path for path in self._folder.iterdir() if path.suffix.lower() in SUFFIXES]
        except OSError as error:
            raise CameraUnavailableError(
                f"folder {str(self._folder)!r} cannot be read: {error}; check the path"
            ) from error
        self._waiting = sorted(paths, key=lambda path: path.name, reverse=True)
        self._readable = 0
        if not paths:
            raise CameraUnavailableError(
                f"folder {str(self._folder)!r} holds no pictures ({', '.join(SUFFIXES)}); add some"
            )

    def read(self, step: float) -> Picture | None:  # a folder has no time
        """Return the next picture.

        Raises:
            UnreadablePictureError: it cannot be read; the next call continues with the one after it.
        """
        if not self._waiting:
            self._begin_anew()
        path = self._waiting.pop()
        try:
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
        except cv2.error:  # so large that OpenCV refuses it
            picture = None
        if picture is None:
            raise UnreadablePictureError(f"picture {str(path)!r} cannot be read; repair or remove it")
        self._readable += 1
        return np.asarray(picture, np.uint8)

    def _begin_anew(self) -> None:
        if not self._loop:
            raise EndOfSourceError(f"{str(self._folder)!r} ended after {self._readable} pictures")
        if not self._readable:
            raise CameraUnavailableError(f"no picture in {str(self._folder)!r} can be read; repair them")
        self.open()

    def close(self) -> None:
        """Forget the list."""
        self._waiting = []
