"""Find the pictures to evaluate on: files, folders, or frames of the provisioned clips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

SUFFIXES: Final = (".jpg", ".jpeg", ".png")
DEMO_MOMENTS: Final = (0.45, 0.9)
"""Positions of the frames taken from a clip, as parts of its length; these show objects."""


class NoPicturesError(LookupError):
    """An evaluation without pictures."""


def pictures_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and the pictures in the folders named, sorted by name; each once.

    Raises:
        NoPicturesError: a folder holds none.
    """
    files = [file for path in paths for file in (_in_folder(path) if path.is_dir() else [path])]
    return list(dict.fromkeys(files))


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise NoPicturesError(f"{folder} holds no picture; they end in {', '.join(SUFFIXES)}")
    return files


def demo_pictures(clips: Path, folder: Path) -> list[Path]:
    """Write two frames of each provisioned clip as JPEG; return the files.

    Raises:
        NoPicturesError: there are no clips, or they cannot be decoded.
    """
    written = [
        _write_frame(*frame, folder) for clip in sorted(clips.glob("*.mp4")) for frame in _read_frames(clip)
    ]
    if not written:
        raise NoPicturesError(f"{clips} holds no clip that can be decoded: run `make up` to provision them")
    return written


def _read_frames(clip: Path) -> Iterator[tuple[str, np.ndarray]]:
    opened = cv2.VideoCapture(str(clip))
    count = int(opened.get(cv2.CAP_PROP_FRAME_COUNT))
    for number in (int(count * moment) for moment in DEMO_MOMENTS):
        opened.set(cv2.CAP_PROP_POS_FRAMES, number)
        read, picture = opened.read()
        if read:
            yield f"{clip.stem}-{number}", picture
    opened.release()


def _write_frame(name: str, picture: np.ndarray, folder: Path) -> Path:
    path = folder / f"{name}.jpg"
    path.write_bytes(bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]))
    return path
