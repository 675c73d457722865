from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from jobs.detector import images as pictures
from jobs.detector.detected_object import DetectedObject
from jobs.detector.images import CorruptPictureError, annotate_picture, decode_picture, fit_picture

BLUE = (255, 0, 0)


def plain(height, width, colour=BLUE):
    return np.full((height, width, 3), colour, dtype=np.uint8)


def jpeg(picture, *options):
    return cv2.imencode(".jpg", picture, list(options))[1].tobytes()


def decoded(data):
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return picture.shape, [int(value) for value in picture[-1, -1]]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture_is_decoded_as_blue_green_red(suffix):
    data = cv2.imencode(suffix, plain(40, 60))[1].tobytes()
    assert np.abs(decode_picture(data, None).astype(int) - plain(40, 60)).max() <= 2


@pytest.mark.parametrize(
    ("size", "at_least", "expected"),
    [
        ((720, 1280), 300, (360, 640)),
        ((720, 1280), None, (720, 1280)),
        ((720, 1280), 361, (720, 1280)),
        ((599, 5000), 300, (599, 5000)),
        ((1200, 1200), 300, (300, 300)),
        ((2400, 3200), 300, (300, 400)),
    ],
)
def test_a_jpeg_is_decoded_smaller_while_both_sides_stay_long_enough(size, at_least, expected):
    assert decode_picture(jpeg(plain(*size)), at_least).shape == (*expected, 3)


def test_a_png_is_always_decoded_in_full():
    data = cv2.imencode(".png", plain(720, 1280))[1].tobytes()
    assert decode_picture(data, 300).shape == (720, 1280, 3)


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_grey_cmyk_and_progressive_jpegs_become_three_channels(mode, progressive):
    file = io.BytesIO()
    Image.new(mode, (60, 40)).save(file, "JPEG", progressive=progressive)
    assert decode_picture(file.getvalue(), None).shape == (40, 60, 3)


def test_a_picture_taken_with_a_turned_camera_is_turned_upright():
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # orientation: a quarter turn
    Image.new("RGB", (60, 40)).save(file, "JPEG", exif=exif)
    assert decode_picture(file.getvalue(), None).shape == (60, 40, 3)


def test_half_a_jpeg_is_corrupt_not_half_grey():
    noise = np.random.default_rng(5).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    data = jpeg(noise)
    with pytest.raises(CorruptPictureError, match="cut short"):
        decode_picture(data[: len(data) // 2], None)


def test_a_png_that_is_whole_but_undecodable_is_corrupt():
    data = bytearray(cv2.imencode(".png", plain(40, 60))[1].tobytes())
    data[24] = 77  # no such bit depth
    with pytest.raises(CorruptPictureError, match="cannot be decoded"):
        decode_picture(bytes(data), None)


def test_a_jpeg_larger_than_allowed_is_refused_before_opencv_sees_it(monkeypatch):
    def decode(*_):
        pytest.fail("decoded")

    monkeypatch.setattr(cv2, "imdecode", decode)
    data = jpeg(plain(40, 60))
    start = data.index(b"\xff\xc0") + 5
    bomb = data[:start] + struct.pack(">HH", 65535, 65535) + data[start + 4 :]
    with pytest.raises(pictures.PictureTooLargeError):
        decode_picture(bomb, None)


def test_a_picture_is_fitted_to_the_models_square_as_red_green_blue():
    fitted = fit_picture(plain(40, 60), 30)
    assert (fitted.shape, fitted[0, 0].tolist()) == ((30, 30, 3), [0, 0, 255])


def test_a_wide_picture_is_annotated_at_1280_pixels():
    annotated = annotate_picture(plain(1080, 1920), [])
    assert annotated is not None
    assert decoded(annotated)[0] == (720, 1280, 3)


def test_a_picture_without_objects_is_a_picture_still():
    annotated = annotate_picture(plain(480, 640), [])
    assert annotated is not None
    shape, corner = decoded(annotated)
    assert (shape, max(abs(a - b) for a, b in zip(corner, BLUE, strict=True)) <= 2) == ((480, 640, 3), True)


def test_a_tiny_picture_is_enlarged_so_that_its_labels_can_be_read():
    annotated = annotate_picture(plain(144, 176), [DetectedObject("person", 0.9, 0.2, 0.2, 0.8, 0.8)])
    assert annotated is not None
    assert decoded(annotated)[0] == (393, 480, 3)


def changed_rows(found):
    """Rows of a 400 x 600 picture that drawing the objects changed, below and above the box's edge."""
    blank, drawn = (
        cv2.imdecode(np.frombuffer(annotate_picture(plain(400, 600), objects), np.uint8), 1)
        for objects in ([], found)
    )
    return np.flatnonzero((np.abs(drawn.astype(int) - blank) > 40).any(axis=(1, 2)))


def test_a_box_is_drawn_where_the_object_is():
    rows = changed_rows([DetectedObject("cat", 0.9, 0.5, 0.25, 0.75, 0.5)])
    assert (170 <= rows.min() < 200, 295 <= rows.max() <= 305) == (True, True)


def test_the_label_of_an_object_at_the_upper_edge_stays_inside():
    rows = changed_rows([DetectedObject("cat", 0.9, 0.0, 0.25, 0.0, 0.5)])
    assert rows.max() > 10


def test_the_callers_picture_is_not_drawn_on():
    picture = plain(480, 640)
    annotate_picture(picture, [DetectedObject("cat", 0.9, 0.2, 0.2, 0.8, 0.8)])
    assert np.array_equal(picture, plain(480, 640))


def test_noise_is_encoded_worse_until_it_fits():
    noise = np.random.default_rng(5).integers(0, 255, (1280, 1280, 3), dtype=np.uint8)
    annotated = annotate_picture(noise, [])
    assert annotated is not None
    assert len(annotated) <= 700 * 1024 < len(jpeg(noise, cv2.IMWRITE_JPEG_QUALITY, 85))


def test_a_picture_that_never_fits_is_left_out(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_ANNOTATED_BYTES", 1000)
    noise = np.random.default_rng(5).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    assert annotate_picture(noise, []) is None


def test_opencv_keeps_to_one_thread():
    assert cv2.getNumThreads() == 1
