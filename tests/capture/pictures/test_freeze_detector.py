from __future__ import annotations

import numpy as np

from capture.pictures.freeze_detector import FreezeDetector
from tests.capture.fakes import FakeTime


def alarms(watch, time, shades, every):
    """When pictures of these shades, one every so many seconds, are alarms, and what they say."""
    seen = []
    for shade in shades:
        said = watch.check(np.full((48, 64, 3), shade, np.uint8))
        if said is not None:
            seen.append((time.now, said))
        time.now += every
    return seen


def test_a_minute_of_one_picture_is_an_alarm_and_repeated_ever_more_rarely():
    time = FakeTime()
    assert alarms(FreezeDetector(60, time.monotonic), time, [1] * 200, every=3) == [
        (60, 60),
        (120, 120),
        (240, 240),
        (480, 480),
    ]


def test_it_takes_ten_pictures_however_rare_they_are():
    time = FakeTime()
    assert alarms(FreezeDetector(60, time.monotonic), time, [1] * 20, every=100) == [(900, 900), (1800, 1800)]


def test_the_alarm_is_never_more_than_an_hour_away():
    time = FakeTime()
    seen = alarms(FreezeDetector(1800, time.monotonic), time, [1] * 30, every=600)
    assert seen == [(5400, 5400), (9000, 9000), (12600, 12600), (16200, 16200)]


def test_one_changed_pixel_is_a_living_camera():
    time = FakeTime()
    watch = FreezeDetector(60, time.monotonic)
    assert alarms(watch, time, [1] * 20 + [2] + [1] * 20, every=3) == []
    assert alarms(watch, time, [1], every=3) == [(123, 60)]


def test_it_can_be_switched_off():
    time = FakeTime()
    assert alarms(FreezeDetector(0, time.monotonic), time, [1] * 99, every=60) == []
