from __future__ import annotations

import shutil
import time

import cv2
import numpy as np
import pytest

from capture.cameras.cameras import GENERATED
from capture.sources.factory import GENERATORS, PathSource, source_of
from capture.sources.file_source import FileSource
from capture.sources.live_source import LiveSource
from capture.sources.pattern_source import PatternSource
from capture.sources.source import CameraUnavailableError
from tests.capture.fakes import camera_of, number_of, settings_of, write_film
from tests.capture.pattern_numbers import pattern_number


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("demo", FileSource),
        ("test", PatternSource),
        ("0", LiveSource),
        ("rtsp://10.0.0.7/1", LiveSource),
        ("film.mp4", PathSource),
    ],
)
def test_an_entry_names_its_kind_of_source(tmp_path, source, kind):
    assert type(source_of(camera_of(source), settings_of(tmp_path), time.monotonic)) is kind


def test_every_word_for_a_source_that_draws_has_its_class():
    assert tuple(GENERATORS) == GENERATED


def test_the_demo_is_the_clip(tmp_path):
    write_film(tmp_path / "demo.avi", 5)
    source = source_of(camera_of("demo", loop=True), settings_of(tmp_path), time.monotonic)
    source.open()
    assert [number_of(source.read(0.2)) for _ in range(3)] == [0, 2, 4]
    source.close()


def test_a_path_may_be_a_film_or_a_folder_and_may_appear_late(tmp_path):
    path = tmp_path / "disk"
    source = source_of(camera_of(str(path), loop=True), settings_of(tmp_path), time.monotonic)
    with pytest.raises(CameraUnavailableError, match="no file"):
        source.open()
    path.mkdir()
    cv2.imwrite(str(path / "a.png"), np.full((48, 64, 3), 30, np.uint8))
    source.open()
    assert ([number_of(source.read(1)) for _ in range(3)], source.fastest) == ([5, 5, 5], 0)
    source.close()
    shutil.rmtree(path)
    write_film(tmp_path / "film.avi", 5).rename(path)
    source.open()
    assert ([number_of(source.read(0.2)) for _ in range(3)], source.fastest) == ([0, 2, 4], 0.1)
    source.close()


def test_the_test_pattern_has_the_size_of_its_entry(tmp_path):
    source = source_of(camera_of("test"), settings_of(tmp_path), time.monotonic)
    source.open()
    picture = source.read(1)
    assert (picture.shape, pattern_number(picture)) == ((720, 1280, 3), 0)
