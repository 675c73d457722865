from __future__ import annotations

import cv2
import numpy as np
import pytest

from capture.sources.folder_source import FolderSource
from capture.sources.source import CameraUnavailableError, EndOfSourceError, UnreadablePictureError
from tests.capture.fakes import number_of


def write_pictures(folder, **numbers):
    """Greys named as told; a name's `_` stands for its dot."""
    for name, number in numbers.items():
        picture = np.full((48, 64, 3), 10 + 4 * number, np.uint8)
        cv2.imwrite(str(folder / name.replace("_", ".")), picture)


def walk(source):
    """Numbers of the pictures, or words of the errors, until the source ends or is lost."""
    source.open()
    seen = []
    while len(seen) < 9:
        try:
            seen.append(number_of(source.read(1)))
        except UnreadablePictureError as error:
            seen.append(str(error).rpartition("/")[2])
        except (EndOfSourceError, CameraUnavailableError) as error:
            seen.append(f"{type(error).__name__}: {str(error).rpartition(chr(39))[2].strip()}")
            break
    source.close()
    return seen


def test_pictures_come_in_the_order_of_their_names_and_end(tmp_path):
    write_pictures(tmp_path, b_png=2, a_jpg=1, C_BMP=3, d_webp=4)
    (tmp_path / "notes.txt").write_text("no picture")
    assert walk(FolderSource(tmp_path, loop=False)) == [
        3,
        1,
        2,
        4,
        "EndOfSourceError: ended after 4 pictures",
    ]


def test_a_broken_picture_is_named_and_passed_over(tmp_path):
    write_pictures(tmp_path, a_jpg=1, d_jpg=4)
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8 half a picture")
    (tmp_path / "c.png").mkdir()
    assert walk(FolderSource(tmp_path, loop=False)) == [
        1,
        "b.jpg' cannot be read; repair or remove it",
        "c.png' cannot be read; repair or remove it",
        4,
        "EndOfSourceError: ended after 2 pictures",
    ]


def test_a_looped_folder_begins_anew_with_what_was_added(tmp_path):
    write_pictures(tmp_path, a_jpg=1, c_jpg=3)
    source = FolderSource(tmp_path, loop=True)
    source.open()
    first = [number_of(source.read(1)) for _ in range(2)]
    write_pictures(tmp_path, b_jpg=2)
    assert (first, [number_of(source.read(1)) for _ in range(4)]) == ([1, 3], [1, 2, 3, 1])


def test_a_looped_folder_without_a_readable_picture_is_lost_instead_of_walked_for_ever(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    assert walk(FolderSource(tmp_path, loop=True)) == [
        "a.jpg' cannot be read; repair or remove it",
        "CameraUnavailableError: can be read; repair them",
    ]


def test_an_empty_and_a_missing_folder_are_errors_that_name_it(tmp_path):
    with pytest.raises(CameraUnavailableError, match=f"'{tmp_path}' holds no pictures"):
        FolderSource(tmp_path, loop=True).open()
    with pytest.raises(CameraUnavailableError, match=f"'{tmp_path}/gone' cannot be read: .*No such file"):
        FolderSource(tmp_path / "gone", loop=True).open()
