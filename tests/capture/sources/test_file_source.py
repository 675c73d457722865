from __future__ import annotations

import pytest

from capture.sources.file_source import FileSource
from capture.sources.source import CameraUnavailableError, EndOfSourceError
from tests.capture.fakes import number_of, write_film


def numbers(source, step, count):
    return [number_of(source.read(step)) for _ in range(count)]


def test_the_next_frame_is_the_interval_later_in_the_file(tmp_path):
    source = FileSource(write_film(tmp_path / "f.avi", 20), loop=False)
    source.open()
    assert numbers(source, 0.3, 5) == [0, 3, 6, 9, 12]
    source.close()


def test_a_step_between_two_frames_does_not_drift(tmp_path):
    source = FileSource(write_film(tmp_path / "f.avi", 20), loop=False)
    source.open()
    assert numbers(source, 0.25, 7) == [0, 2, 5, 8, 10, 12, 15]
    source.close()


def test_a_looped_file_goes_on_in_its_own_time(tmp_path):
    source = FileSource(write_film(tmp_path / "f.avi", 10), loop=True)
    source.open()
    assert numbers(source, 0.3, 8) == [0, 3, 6, 9, 2, 5, 8, 1]
    source.close()


def test_a_step_as_long_as_the_film_does_not_show_one_frame_for_ever(tmp_path):
    source = FileSource(write_film(tmp_path / "f.avi", 10), loop=True)
    source.open()
    assert numbers(source, 1.0, 4) == [0, 1, 2, 3]
    source.close()


def test_a_file_that_does_not_loop_ends(tmp_path):
    source = FileSource(write_film(tmp_path / "f.avi", 3), loop=False)
    source.open()
    assert numbers(source, 0.1, 3) == [0, 1, 2]
    with pytest.raises(EndOfSourceError, match="after 3 frames"):
        source.read(0.1)
    source.close()


def test_a_film_knows_the_time_of_one_frame(tmp_path):
    source = FileSource(write_film(tmp_path / "f.avi", 3, fps=20), loop=False)
    source.open()
    assert source.fastest == 0.05
    source.close()


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(CameraUnavailableError, match=r"nowhere\.mp4"):
        FileSource(tmp_path / "nowhere.mp4", loop=True).open()


def test_a_file_that_is_no_video_is_an_error_that_names_it(tmp_path):
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(CameraUnavailableError, match="no video"):
        FileSource(tmp_path / "text.mp4", loop=True).open()


def test_a_reopened_file_begins_anew(tmp_path):
    source = FileSource(write_film(tmp_path / "f.avi", 10), loop=True)
    source.open()
    numbers(source, 0.3, 3)
    source.close()
    source.open()
    assert numbers(source, 0.3, 2) == [0, 3]
    source.close()


def test_steps_of_one_frame_give_every_frame(tmp_path):
    source = FileSource(write_film(tmp_path / "f.avi", 40, fps=30000 / 1001), loop=False)
    source.open()
    assert numbers(source, source.fastest, 40) == list(range(40))
    source.close()
