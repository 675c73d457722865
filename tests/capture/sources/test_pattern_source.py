from __future__ import annotations

import cv2
import numpy as np
import pytest

from capture.pictures.encoding import encode_jpeg
from capture.sources.pattern_source import PatternSource, bars, draw
from capture.sources.source import CameraUnavailableError
from tests.capture.pattern_numbers import pattern_number, pattern_number_of_jpeg


@pytest.mark.parametrize("quality", [85, 30])
@pytest.mark.parametrize("size", [(1280, 720), (640, 480), (64, 64)])
@pytest.mark.parametrize("number", [0, 1, 0xAAAAAAAA, 0x55555555, 987654321, 2**32 - 1])
def test_the_number_survives_jpeg(number, size, quality):
    assert pattern_number_of_jpeg(encode_jpeg(draw(bars(*size), number), quality)) == number


def test_the_number_survives_scaling():
    small = cv2.resize(draw(bars(1280, 720), 0xAAAAAAAA), (500, 281))
    assert pattern_number(small) == 0xAAAAAAAA


def test_pictures_are_numbered_from_0_and_go_on_when_it_is_opened_again():
    source = PatternSource(320, 240)
    numbers = []
    for _ in range(2):
        source.open()
        numbers += [pattern_number(source.read(1)) for _ in range(3)]
        source.close()
    assert numbers == [0, 1, 2, 3, 4, 5]


def test_the_pattern_moves_outside_its_number():
    source = PatternSource(320, 240)
    source.open()
    first, second = source.read(1), source.read(1)
    moved = np.argwhere((first != second).any(axis=2)[160:])
    assert len(moved) > 100


def test_a_pattern_too_small_for_its_number_is_refused():
    with pytest.raises(CameraUnavailableError, match="64x48 is too small"):
        PatternSource(64, 48).open()
