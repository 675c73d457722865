from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from lake.contracts.image_headers import CorruptPictureError, PictureHeader, PictureTooLargeError, read_header
from lake.contracts.wire_format import MAX_PICTURE_BYTES

PICTURE = np.random.default_rng(7).integers(0, 255, (40, 60, 3), dtype=np.uint8)


def encoded(suffix, picture=PICTURE, *options):
    return cv2.imencode(suffix, picture, list(options))[1].tobytes()


def one_colour_png(side):
    """A real picture: 1 bit per pixel, so that 900 megapixels are a small file."""
    rows = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    body = b"".join(rows.compress(row * 1000) for _ in range(side // 1000)) + rows.flush()
    return png(
        [(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)), (b"IDAT", body), (b"IEND", b"")]
    )


def png(chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def with_size(jpeg, width, height):
    start = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:start] + struct.pack(">HH", height, width) + jpeg[start + 4 :]


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_pictures_size_is_read_from_its_header(kind):
    assert read_header(encoded(f".{kind}")) == PictureHeader(kind, 60, 40)


def test_a_progressive_jpeg_with_its_many_scans_is_read():
    jpeg = encoded(".jpg", PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    assert (b"\xff\xc2" in jpeg, read_header(jpeg)) == (True, PictureHeader("jpeg", 60, 40))


def test_a_jpeg_with_restart_markers_is_read():
    jpeg = encoded(".jpg", PICTURE, cv2.IMWRITE_JPEG_RST_INTERVAL, 1)
    assert (b"\xff\xd0" in jpeg, read_header(jpeg)) == (True, PictureHeader("jpeg", 60, 40))


def test_a_thumbnail_inside_a_jpeg_is_not_taken_for_the_picture():
    thumbnail = encoded(".jpg", PICTURE[:8, :8])
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    jpeg = encoded(".jpg")
    assert read_header(jpeg[:2] + segment + jpeg[2:]) == PictureHeader("jpeg", 60, 40)


def test_a_jpeg_is_whole_although_a_camera_left_bytes_behind_its_end():
    assert read_header(encoded(".jpg") + bytes(100)) == PictureHeader("jpeg", 60, 40)


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_a_picture_cut_anywhere_is_corrupt(kind):
    whole = encoded(kind, PICTURE[:16, :16])
    least = 8 if kind == ".png" else 2
    passed = []
    for end in range(least, len(whole) - (4 if kind == ".png" else 1)):
        try:
            read_header(whole[:end])
        except CorruptPictureError:
            continue
        passed.append(end)
    assert passed == []


def test_a_progressive_jpeg_without_its_last_scans_is_corrupt():
    jpeg = encoded(".jpg", PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    with pytest.raises(CorruptPictureError, match="cut short"):
        read_header(jpeg[: jpeg.rindex(b"\xff\xda")])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"hello",
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00;",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"BM" + bytes(60),
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        bytes(1000),
    ],
    ids=["empty", "two bytes", "text", "gif", "svg", "bmp", "webp", "zeros"],
)
def test_bytes_of_any_other_kind_are_corrupt(data):
    with pytest.raises(CorruptPictureError, match=f"{len(data)} bytes .* neither JPEG nor PNG"):
        read_header(data)


def test_five_megabytes_of_noise_behind_a_jpegs_first_bytes_are_corrupt():
    noise = np.random.default_rng(3).bytes(5_000_000)
    with pytest.raises(CorruptPictureError):
        read_header(b"\xff\xd8\xff\xe0\x00\x10" + noise)


@pytest.mark.parametrize("size", [(0, 40), (60, 0)])
def test_a_picture_without_width_or_height_is_corrupt(size):
    with pytest.raises(CorruptPictureError, match="must be > 0"):
        read_header(with_size(encoded(".jpg"), *size))


def test_a_jpeg_that_says_65535_by_65535_is_too_large():
    with pytest.raises(PictureTooLargeError, match="65535x65535"):
        read_header(with_size(encoded(".jpg"), 65535, 65535))


def test_a_small_file_of_900_megapixels_is_too_large():
    bomb = one_colour_png(30_000)
    assert len(bomb) < 1_000_000
    with pytest.raises(PictureTooLargeError, match="30000x30000"):
        read_header(bomb)


def test_forty_megapixels_pass_and_one_column_more_is_too_large():
    assert read_header(with_size(encoded(".jpg"), 8000, 5000)) == PictureHeader("jpeg", 8000, 5000)
    with pytest.raises(PictureTooLargeError):
        read_header(with_size(encoded(".jpg"), 8001, 5000))


def test_a_byte_over_the_limit_is_too_large_whatever_it_is():
    with pytest.raises(PictureTooLargeError, match="lower the JPEG quality"):
        read_header(bytes(MAX_PICTURE_BYTES + 1))


def test_a_jpeg_with_thousands_of_empty_scans_is_corrupt():
    jpeg = encoded(".jpg", PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    start = jpeg.rindex(b"\xff\xda")
    with pytest.raises(CorruptPictureError, match="over 100 scans"):
        read_header(jpeg[:start] + jpeg[start:-2] * 2000 + b"\xff\xd9")


@pytest.mark.parametrize("mode", ["L", "CMYK", "YCbCr"])
def test_grey_and_cmyk_jpegs_are_read(mode):
    file = io.BytesIO()
    Image.fromarray(PICTURE).convert(mode).save(file, "JPEG")
    assert read_header(file.getvalue()) == PictureHeader("jpeg", 60, 40)
