"""No record stops the stream, is lost, or harms its neighbours, whatever it holds."""

from __future__ import annotations

import base64
import json
import struct
import zlib

import numpy as np
import pytest

from benchmarks.support.running.system import System
from benchmarks.support.running.wire import KILLER_BGR, Record, encode, frame, old_frame, picture_of, pictures

pytestmark = pytest.mark.system

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'


def png(width: int, height: int) -> bytes:
    """A whole PNG of one colour; zeros pack so well that a bomb needs few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer, row = zlib.compressobj(9), bytes(-(-width // 8) + 1)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """The JPEG, its header changed to another size."""
    at = jpeg.index(b"\xff\xc0")
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def noise(side: int) -> bytes:
    picture = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    return encode(picture, quality=100)


def poisons(good: bytes) -> dict[str, tuple[Record, str]]:
    """Name → a record that lies, and what must become of it."""
    whole = frame(good, "poison")
    key = whole.key
    loud, heavy = noise(1750), noise(1750)
    heavy += bytes(9_000_000 - len(heavy))
    assert 5_000_000 < len(loud) < 8_000_000
    pictured = {
        "empty": (b"", "corrupt"),
        "truncated": (good[: len(good) // 2], "corrupt"),
        "text": (b"hello", "corrupt"),
        "gif": (GIF, "corrupt"),
        "svg": (SVG, "corrupt"),
        "says 65535x65535": (with_size(good, 65_535, 65_535), "too_large"),
        "says 0x0": (with_size(good, 0, 0), "corrupt"),
        "one colour of 30000x30000": (png(30_000, 30_000), "too_large"),
        "5 MB of noise": (loud, "detected"),
        "9 MB": (heavy, "too_large"),
        "kills its worker": (picture_of(KILLER_BGR), "failed"),
    }
    made = {name: (frame(value, "poison"), status) for name, (value, status) in pictured.items()}
    broken_base64 = json.dumps({"image": "§", "timestamp": "2026-01-02T03:04:05", "camera_id": "old"})
    no_image = json.dumps({"timestamp": "2026-01-02T03:04:05", "camera_id": "old"})
    return made | {
        "nothing but a tombstone": (Record(key, None, whole.headers), "corrupt"),
        "no headers": (Record(key, good), "malformed"),
        "no key": (Record(None, good, whole.headers), "malformed"),
        "key is not UTF-8": (Record(b"\xff\xfe", good, whole.headers), "malformed"),
        "key is a path": (Record(b"../x", good, whole.headers), "malformed"),
        "key ends with a line break": (Record(b"door\n", good, whole.headers), "malformed"),
        "key is long": (Record(b"x" * 10_000, good, whole.headers), "malformed"),
        "no captured_at": (whole.saying(captured_at=None), "malformed"),
        "captured at NaN": (whole.saying(captured_at=b"NaN"), "malformed"),
        "captured at -1": (whole.saying(captured_at=b"-1"), "malformed"),
        "captured in 9999": (whole.saying(captured_at=b"9999-12-31T23:59:59.999999Z"), "malformed"),
        "captured_at is not UTF-8": (whole.saying(captured_at=b"\xff"), "malformed"),
        "sent at no time": (whole.saying(sent_at=b"soon"), "malformed"),
        "hostile frame_id": (whole.saying(frame_id=b"../../'; DROP TABLE frames;--\x00"), "detected"),
        "frame_id of 1 MB": (whole.saying(frame_id=b"x" * 1_000_000), "detected"),
        "sequence is no number": (whole.saying(sequence=b"1e999", width=b"wide"), "detected"),
        "JSON that breaks off": (Record(None, b'{"image": "'), "malformed"),
        "JSON without image": (Record(None, no_image.encode()), "malformed"),
        "JSON with no base64": (Record(None, broken_base64.encode()), "malformed"),
        "JSON with no picture": (old_frame(b"hello", "old", "2026-01-02T03:04:05"), "corrupt"),
        "JSON that is a list": (Record(None, b'{"image": [1], "camera_id": {}}'), "malformed"),
    }


def test_every_poison_gets_its_status_and_its_neighbours_are_detected(system: System) -> None:
    good = pictures(system.installation.settings.home / "clips")[0]
    bad = poisons(good)
    records = [record for poison, _ in bad.values() for record in (frame(good, "neighbour"), poison)]
    rows = system.outcomes(system.send(*records))
    assert {name: row["status"] for name, row in zip(bad, rows[1::2], strict=True)} == {
        name: status for name, (_, status) in bad.items()
    }
    assert {row["status"] for row in rows[::2]} == {"detected"}
    assert all("person" in {seen["label"] for seen in row["objects"]} for row in rows[::2])
    ledger = system.settle()
    assert ledger.is_balanced, ledger


def test_the_archive_keeps_poison_byte_for_byte(system: System) -> None:
    value = b"\x00\xff not a picture"
    [place] = system.send(frame(value, "poison"))
    system.settle()
    [row] = [row for row in system.rows("frames") if (row["partition"], row["offset"]) == place]
    assert (row["bytes"], row["camera_id"], row["problem"]) == (len(value), "poison", None)
    assert {one["key"] for one in row["headers"]} >= {"frame_id", "captured_at", "sent_at", "schema"}


def test_a_resent_frame_gets_a_row_for_each_record(system: System) -> None:
    good = pictures(system.installation.settings.home / "clips")[1]
    twin = frame(good, "twins", session="again")
    rows = system.outcomes(system.send(twin, twin))
    assert [row["frame_id"] for row in rows] == ["twins/again/0"] * 2
    assert [row["status"] for row in rows] == ["detected"] * 2
    assert system.settle().is_balanced
