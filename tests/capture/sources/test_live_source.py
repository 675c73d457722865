"""Streams that break in each way that cameras do; the cameras are our own, on loopback."""

from __future__ import annotations

import sys
import threading
import time
from itertools import islice

import numpy as np
import pytest

from capture.sources.source import CameraUnavailableError
from tests.capture.fake_cameras import (
    FakeCamera,
    Raw,
    SnapshotHandler,
    grey,
    http_camera,
    rtsp_camera,
    steady,
)
from tests.capture.fakes import FakeTime, number_of
from tests.capture.live_sources import loss_of, opened, pictures, source_at

CARRIERS = pytest.mark.parametrize("carrier", [rtsp_camera, http_camera])


@CARRIERS
def test_a_stream_gives_its_pictures(carrier):
    with carrier(steady) as camera, opened(source_at(camera.url())) as source:
        seen = list(islice(pictures(source), 3))
    assert [picture.shape for picture in seen] == [(48, 64, 3)] * 3
    assert all(np.ptp(picture) == 0 for picture in seen)


@CARRIERS
def test_a_pulled_cable_is_a_lost_source_and_a_reopened_one_gives_pictures_again(carrier):
    def pulled_once(camera, connection):
        yield from islice(steady(camera), 50 if connection == 0 else None)

    with carrier(pulled_once) as camera, opened(source_at(camera.url())) as source:
        _, said = loss_of(source)
        source.close()
        source.open()
        assert next(pictures(source)).shape == (48, 64, 3)
    assert said == f"camera '{camera.url()}' stopped giving pictures: unplugged, switched off, or restarting?"


@CARRIERS
def test_a_camera_that_hangs_in_the_middle_of_a_picture_is_ended_and_opened_anew(carrier):
    def hangs_once(camera, connection):
        yield from islice(steady(camera), 50 if connection == 0 else None)
        yield Raw(b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: 900\r\n\r\n\xff\xd8\xff")
        camera.asleep()

    with carrier(hangs_once) as camera, opened(source_at(camera.url(), patience=0.5)) as source:
        _, said = loss_of(source)
        source.close()
        source.open()
        assert next(pictures(source)).shape == (48, 64, 3)
    assert said == f"camera '{camera.url()}' gave no picture for 0.5 s; its reader was ended"


@CARRIERS
def test_pictures_of_garbage_are_passed_over(carrier):
    noise = np.random.default_rng(7)

    def garbage(camera, _connection):
        for number, jpeg in enumerate(steady(camera)):
            yield noise.bytes(700) if number % 3 == 2 else jpeg

    with carrier(garbage) as camera, opened(source_at(camera.url())) as source:
        seen = [number_of(picture) for picture in islice(pictures(source), 30)]
        plays = camera.plays
    assert ({number % 3 for number in seen}, plays) == ({0, 1}, 1)


@CARRIERS
def test_the_resolution_may_change_in_the_middle_of_a_stream(carrier):
    def grows(camera, _connection):
        for size in [(64, 48)] * 60 + [(128, 96)] * 1000:
            yield grey(90, *size)
            camera.asleep(0.01)

    with carrier(grows) as camera, opened(source_at(camera.url())) as source:
        seen = {}
        for picture in pictures(source):
            seen[picture.shape] = number_of(picture)
            if len(seen) == 2:
                break
    assert seen == {(48, 64, 3): 20, (96, 128, 3): 20}


@CARRIERS
def test_a_refused_password_and_an_unknown_path_are_told_without_the_password(carrier, capfd):
    with carrier(steady, "ann:right") as camera:
        source = source_at(camera.url("ann:canary-7e1"))
        with opened(source):
            _, refused = loss_of(source)
        with opened(source_at(camera.url("ann:right", "nowhere"))) as source:
            _, unknown = loss_of(source)
    address = camera.url("***")
    assert refused == (
        f"camera '{address}' refuses its user or password (401 Unauthorized); correct them in its address"
    )
    assert unknown == (
        f"camera '{camera.url('***', 'nowhere')}' knows no such stream (404 Not Found); "
        "correct the path in its address"
    )
    assert capfd.readouterr() == ("", "")


def test_an_address_where_nobody_listens_is_lost():
    with rtsp_camera(steady) as camera:
        address = camera.url()
    with opened(source_at(address)) as source:
        seen, said = loss_of(source)
    assert (seen, said) == (
        [],
        f"camera '{address}' gives no pictures: unplugged, switched off, or in use elsewhere?",
    )


def test_a_device_that_is_not_there_is_lost():
    with opened(source_at("97")) as source:
        seen, said = loss_of(source)
    assert (seen, said) == (
        [],
        "camera '97' gives no pictures: unplugged, switched off, or in use elsewhere?",
    )


def test_an_address_of_a_single_picture_is_asked_each_time():
    def numbered(_camera, connection):
        yield grey(10 + 4 * connection)

    with FakeCamera(numbered, SnapshotHandler, "") as camera, opened(source_at(camera.url())) as source:
        seen = [number_of(picture) for picture in islice(pictures(source), 4)]
        plays = camera.plays
    assert (seen, plays) == ([0, 1, 2, 3], 4)


def test_a_reader_that_not_even_the_system_could_end_gets_no_second_one():
    source, released = source_at("0"), threading.Event()
    source._follower = threading.Thread(target=released.wait, args=(10,))
    source._follower.start()
    with pytest.raises(CameraUnavailableError, match="'0' hangs in its driver: unplug it"):
        source.open()
    released.set()
    source._follower.join()


def test_a_machine_that_starts_no_process_is_told(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CameraUnavailableError, match=r"no process can be started for a camera: .*nowhere"):
        source_at("0").open()


def test_a_picture_is_the_freshest_however_long_it_was_not_asked_for():
    sent = []

    def told(camera, _connection):
        for number, jpeg in enumerate(steady(camera)):
            sent.append(number % 48)
            yield jpeg

    with rtsp_camera(told) as camera, opened(source_at(camera.url())) as source:
        next(pictures(source))
        time.sleep(0.3)
        before = sent[-1]
        fresh = number_of(next(pictures(source)))
        after = sent[-1]
    assert (fresh - before) % 48 <= (after - before) % 48


def test_the_first_picture_is_none_that_came_while_the_stream_was_opened():
    """FFmpeg takes some 20 frames to open this one."""
    with (
        rtsp_camera(lambda camera, _: steady(camera, seconds=0.03)) as camera,
        opened(source_at(camera.url())) as source,
    ):
        assert number_of(next(pictures(source))) >= 2


def test_a_frozen_picture_is_a_lost_source_and_is_not_complained_of_again_at_once():
    def frozen(camera, _connection):
        while not camera.asleep(0.01):
            yield grey(90)

    time = FakeTime()
    with (
        http_camera(frozen) as camera,
        opened(source_at(camera.url(), frozen=60, clock=time.monotonic)) as source,
    ):
        for _ in range(9):
            next(pictures(source))
            time.now += 10
        seen, said = loss_of(source)
        source.close()
        source.open()
        time.now += 10
        assert (seen, number_of(next(pictures(source)))) == ([], 20)
    assert said == (
        f"camera '{camera.url()}' has shown the same picture for 90 s: is it frozen? It is opened anew"
    )
