from __future__ import annotations

import pytest

from capture.cameras.cameras import CameraError, cameras_from
from capture.cameras.registration import Description
from tests.capture.fakes import settings_of

DOOR = """
[[camera]]
id = "door"
source = "rtsp://ann:canary@10.0.0.7/1?token=canary"
name = "Front door"
place = "Hall"
time_zone = "Asia/Tokyo"
"""


def test_an_entry_says_name_place_and_time_zone_and_notices_tell_them_without_passwords(tmp_path):
    [door] = cameras_from(DOOR, settings_of(tmp_path))
    assert door.about == Description("Front door", "Hall", "Asia/Tokyo")
    assert door.registration == {
        "name": "Front door",
        "place": "Hall",
        "time_zone": "Asia/Tokyo",
        "source": "rtsp://***@10.0.0.7/1?token=***",
        "enabled": True,
    }


def test_what_an_entry_does_not_say_is_told_as_nothing(tmp_path):
    [demo] = cameras_from(
        "[[camera]]\nid = 'demo'\nsource = 'demo'\nenabled = false\n", settings_of(tmp_path)
    )
    assert demo.registration == {
        "name": None,
        "place": None,
        "time_zone": None,
        "source": "demo",
        "enabled": False,
    }


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            'time_zone = "Mars/Olympus"',
            "time_zone = 'Mars/Olympus' is no time zone; use a name such as Europe",
        ),
        ('time_zone = "../../etc/passwd"', "is no time zone"),
        ('time_zone = "Europe"', "is no time zone"),
        ("time_zone = 9", "time_zone = 9 must be text"),
        ("name = true", "name = True must be text"),
        ('name = "two\\nlines"', "name = 'two\\nlines' must be 1-80 characters in one line"),
        ('place = " Hall"', "place = ' Hall' must be 1-80 characters in one line, without spaces around"),
        (f'place = "{"x" * 81}"', "must be 1-80 characters"),
        ('name = "\\u202Eback"', "must be 1-80 characters"),
    ],
)
def test_what_cannot_be_shown_as_written_is_an_error_with_its_cure(tmp_path, entry, words):
    with pytest.raises(CameraError) as error:
        cameras_from(f"[[camera]]\nid = 'a'\nsource = '0'\n{entry}\n", settings_of(tmp_path))
    assert str(error.value).startswith("camera 'a': ")
    assert words in str(error.value)


def test_fifty_cameras_of_one_list_are_read_in_its_order(tmp_path):
    ids = [f"camera-{number:02d}.North_{number}" for number in range(50)]
    content = "".join(
        f"[[camera]]\nid = '{one}'\nsource = 'rtsp://x/{one}'\nname = 'N {one}'\n" for one in ids
    )
    cameras = cameras_from(content, settings_of(tmp_path))
    assert [(camera.id, camera.about.name) for camera in cameras] == [(one, f"N {one}") for one in ids]
