"""Scenes drawn by hand: what a camera on a wall sees at night, at dusk and when somebody comes."""

from __future__ import annotations

import numpy as np
import pytest

from capture.pictures.motion import MotionGate, MotionRule

WIDTH, HEIGHT = 640, 360


def scene(level=100):
    """A wall with a pattern, so that light falls on darker and on lighter parts."""
    return np.add.outer(np.arange(HEIGHT) % 60, np.arange(WIDTH) % 80).astype(np.float32) / 2 + level


def seen(wall, noise, random):
    """As a sensor gives it, grey in three colours."""
    grey = wall + noise * random.standard_normal(wall.shape, np.float32)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def with_person(left, height=90, width=30):
    wall = scene()
    wall[200 : 200 + height, left : left + width] = 30
    return wall


def passed(walls, fps, noise=5, rule=None):
    """Numbers of the pictures that the gate lets pass of a scene taken at so many a second."""
    gate, random = MotionGate(rule or MotionRule(still_interval=1000)), np.random.default_rng(7)
    numbers = []
    for number, wall in enumerate(walls):
        motion = gate.measure(seen(wall, noise, random), number / fps)
        if gate.passes(motion, number / fps, 1 / fps):
            numbers.append(number)
    return numbers


@pytest.mark.parametrize("noise", [0, 8, 20])
def test_the_noise_of_a_still_scene_is_no_motion(noise):
    assert passed([scene()] * 30, 10, noise) == [0]


@pytest.mark.parametrize(("fps", "frames"), [(10, 100), (1 / 3, 20)])
def test_slow_light_is_no_motion(fps, frames):
    assert passed([scene(60 + number / fps) for number in range(frames)], fps) == [0]


@pytest.mark.parametrize("fps", [10, 1, 1 / 3])
@pytest.mark.parametrize("speed", [8, 50])
def test_who_walks_is_seen_in_every_picture_slow_or_fast(fps, speed):
    empty, steps = [scene()] * 3, range(10)
    walls = [*empty, *(with_person(60 + int(number * speed / fps) % 500) for number in steps)]
    assert passed(walls, fps) == [0, *range(3, 13)]


def test_a_lamp_is_motion_until_it_is_usual():
    numbers = passed([scene(60)] * 5 + [scene(110)] * 100, 10)
    assert numbers[:3] == [0, 5, 6]
    assert 10 < numbers[-1] < 40
    assert numbers == [0, *range(5, numbers[-1] + 1)]


def test_what_is_parked_becomes_usual_and_its_leaving_is_motion():
    numbers = passed([scene()] * 2 + [with_person(100)] * 100 + [scene()] * 3, 10)
    assert {2, 3, 102, 103} <= set(numbers)
    assert not set(numbers) & set(range(70, 102))


def test_a_still_scene_is_sent_at_least_once_in_the_interval():
    still = MotionRule(still_interval=10)
    assert passed([scene()] * 9, 1 / 3, rule=still) == [0, 3, 6]
    assert passed([scene()] * 45, 2, rule=still) == [0, 20, 40]
    assert passed([scene()] * 3, 1 / 60, rule=still) == [0, 1, 2], "a slower camera sends all"


def test_motion_is_the_share_of_the_picture_that_changed():
    gate = MotionGate(MotionRule())
    dark, light = np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    light[: HEIGHT // 2, : WIDTH // 2] = 200
    assert gate.measure(dark, 0) is None
    assert gate.measure(light, 1) == 0.25


def test_threshold_and_area_say_what_counts():
    walls = [scene(100), scene(100), scene(120)]
    assert passed(walls, 1, 0) == [0]
    assert passed(walls, 1, 0, MotionRule(threshold=15, still_interval=1000)) == [0, 2]
    small = [scene(), with_person(100)]
    assert passed(small, 1, 0, MotionRule(area=0.02, still_interval=1000)) == [0]
    assert passed(small, 1, 0, MotionRule(area=0.01, still_interval=1000)) == [0, 1]


def test_a_camera_that_changes_its_size_begins_anew():
    gate = MotionGate(MotionRule())
    gate.measure(np.zeros((360, 640, 3), np.uint8), 0)
    assert gate.measure(np.zeros((480, 640, 3), np.uint8), 1) is None
    assert gate.measure(np.zeros((480, 640, 3), np.uint8), 2) == 0
