"""JPEG pictures as RTP packets (RFC 2435), each framed for a TCP connection (RFC 2326, 10.12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

JPEG = b"\xff\xd8"
PAYLOAD_BYTES = 1400
START_OF_FRAME, TABLES, START_OF_SCAN = 0xC0, 0xDB, 0xDA


def segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment; of the scan, also the coded picture behind it."""
    at = 2
    while True:
        marker, size = struct.unpack_from(">xBH", jpeg, at)
        if marker == START_OF_SCAN:
            yield marker, jpeg[at + 2 + size : -2]
            return
        yield marker, jpeg[at + 4 : at + 2 + size]
        at += 2 + size


def rtp_packets(jpeg: bytes, sequence: Iterator[int], timestamp: int) -> Iterator[bytes]:
    """The packets of one baseline 4:2:0 picture whose sides are multiples of 8; one of what is no JPEG."""
    if not jpeg.startswith(JPEG):
        yield framed(header(sequence, timestamp, last=True) + jpeg)
        return
    parts = list(segments(jpeg))
    (frame,) = [content for marker, content in parts if marker == START_OF_FRAME]
    height, width = struct.unpack_from(">xHH", frame)
    tables = b"".join(content[1:] for marker, content in parts if marker == TABLES)
    scan = parts[-1][1]
    for offset in range(0, len(scan), PAYLOAD_BYTES):
        piece = scan[offset : offset + PAYLOAD_BYTES]
        last = offset + len(piece) == len(scan)
        rtp = header(sequence, timestamp, last=last)
        head = struct.pack(">IBBBB", offset, 1, 255, width // 8, height // 8)
        quality = struct.pack(">BBH", 0, 0, len(tables)) + tables if offset == 0 else b""
        yield framed(rtp + head + quality + piece)


def header(sequence: Iterator[int], timestamp: int, *, last: bool) -> bytes:
    """The RTP header of a packet, the last one of a picture or not."""
    return struct.pack(">BBHII", 0x80, 26 | last << 7, next(sequence) % 65536, timestamp % 2**32, 7)


def framed(packet: bytes) -> bytes:
    """The packet as it travels between RTSP's own messages."""
    return struct.pack(">cBH", b"$", 0, len(packet)) + packet
