"""Reading of the headers of encoded pictures without decoding a pixel. Standard library only.

Formats: JPEG (ITU-T T.81, annex B) and PNG (ISO/IEC 15948, clause 5).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lake.contracts.wire_format import MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS

JPEG_MAGIC: Final = b"\xff\xd8\xff"
PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
MAX_SCANS: Final = 100
"""A progressive JPEG holds about ten; thousands of empty ones keep a decoder busy for minutes."""

START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
BARE_MARKERS: Final = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length: TEM, restarts and a second start of image."""
SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The first marker behind compressed data, where a stuffed zero or a restart is no end."""


class CorruptPictureError(ValueError):
    """Bytes are no complete JPEG or PNG."""


class PictureTooLargeError(ValueError):
    """A picture has more bytes or pixels than one frame may have."""


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """Header of a picture: `kind` is `jpeg` or `png`, sizes are in pixels."""

    kind: str
    width: int
    height: int


def read_header(data: bytes) -> PictureHeader:
    """Read the header of an encoded picture that is complete and small enough to decode.

    Raises:
        CorruptPictureError: empty, neither JPEG nor PNG, cut short, or without a size.
        PictureTooLargeError: over `MAX_PICTURE_BYTES` or `MAX_PICTURE_PIXELS`.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise PictureTooLargeError(
            f"picture has {len(data)} bytes, at most {MAX_PICTURE_BYTES} are read: lower the JPEG quality"
        )
    header = _read_any_header(data)
    if header.width < 1 or header.height < 1:
        raise CorruptPictureError(
            f"{header.kind} says {header.width}x{header.height} pixels; both must be > 0"
        )
    if header.width * header.height > MAX_PICTURE_PIXELS:
        raise PictureTooLargeError(
            f"{header.kind} says {header.width}x{header.height} pixels, at most {MAX_PICTURE_PIXELS} "
            "are decoded: lower the camera's resolution"
        )
    return header


def _read_any_header(data: bytes) -> PictureHeader:
    if data.startswith(JPEG_MAGIC):
        return _read_jpeg(data)
    if data.startswith(PNG_MAGIC):
        return _read_png(data)
    raise CorruptPictureError(
        f"{len(data)} bytes starting with {data[:8].hex(' ') or 'nothing'} are neither JPEG nor PNG"
    )


def _read_jpeg(data: bytes) -> PictureHeader:
    """Walk from marker to marker up to the end of the image; nothing behind it counts."""
    header, scans = None, 0
    for marker, start in _jpeg_segments(data):
        if marker in START_OF_FRAME and header is None:
            header = _read_start_of_frame(data, start)
        scans += marker == START_OF_SCAN
        if scans > MAX_SCANS:
            raise CorruptPictureError(f"jpeg has over {MAX_SCANS} scans; encode it anew")
    if header is None or not scans:
        raise CorruptPictureError(f"jpeg of {len(data)} bytes ends without a picture in it")
    return header


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield every segment's marker and the position of its length, until the end of the image."""
    position = 2
    while (marker := _byte(data, position + 1)) != END_OF_IMAGE:
        if data[position] != 0xFF:
            raise CorruptPictureError(f"jpeg has no marker at byte {position}; it is damaged")
        if marker == 0xFF:  # a fill byte
            position += 1
        elif marker in BARE_MARKERS:
            position += 2
        else:
            yield marker, position + 2
            position += 2 + max(2, _byte(data, position + 2) << 8 | _byte(data, position + 3))
            position = _end_of_scan(data, position) if marker == START_OF_SCAN else position


def _end_of_scan(data: bytes, position: int) -> int:
    end = SCAN_END.search(data, position)
    if end is None:
        raise _cut_short("jpeg", data)
    return end.start()


def _byte(data: bytes, position: int) -> int:
    if position >= len(data):
        raise _cut_short("jpeg", data)
    return data[position]


def _read_start_of_frame(data: bytes, start: int) -> PictureHeader:
    """Read length 2, precision 1, height 2, width 2 bytes, big-endian."""
    if start + 7 > len(data):
        raise _cut_short("jpeg", data)
    height, width = struct.unpack_from(">HH", data, start + 3)
    return PictureHeader("jpeg", width, height)


def _read_png(data: bytes) -> PictureHeader:
    """Read IHDR, which comes first, then walk from chunk to chunk up to IEND."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise _cut_short("png", data)
    position = 8
    while data[position + 4 : position + 8] != b"IEND":
        if position + 12 > len(data):
            raise _cut_short("png", data)
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    width, height = struct.unpack_from(">II", data, 16)
    return PictureHeader("png", width, height)


def _cut_short(kind: str, data: bytes) -> CorruptPictureError:
    return CorruptPictureError(f"{kind} is cut short: no end of the picture within its {len(data)} bytes")
