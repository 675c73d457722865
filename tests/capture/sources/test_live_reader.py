"""The process that reads a camera: what others see of it, and that it ends."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from itertools import islice
from pathlib import Path

import psutil
import pytest

from capture.agent.camera_loop import CameraLoop
from capture.publish.backoff import Backoff
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import State
from tests.capture.fake_cameras import http_camera, rtsp_camera, steady
from tests.capture.fakes import FakeTime, camera_of, status_of
from tests.capture.live_sources import loss_of, opened, pictures, readers, source_at

PARENT = """
import sys, time
from capture.cameras.cameras import Camera
from capture.pictures.freeze_detector import FreezeDetector
from capture.sources.live_source import LiveSource

camera = Camera("door", sys.stdin.readline().strip(), 1, False, 64, 48, 85)
source = LiveSource(camera, 60, FreezeDetector(0, time.monotonic))
source.open()
while source.read(1) is None:
    pass
print("ready", flush=True)
time.sleep(60)
"""


def hangs(camera, _connection):
    """Frames enough to be opened, then silence on an open connection."""
    yield from islice(steady(camera), 50 if "rtsp" in camera.url() else 3)
    camera.asleep()


def is_gone(process):
    """Whether it ended within some seconds; one that nobody waits for stays as a zombie."""
    for _ in range(500):
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False


def test_a_reader_ends_with_its_source():
    with http_camera(steady) as camera:
        with opened(source_at(camera.url())) as source:
            next(pictures(source))
            (reader,) = readers()
        assert (readers(), is_gone(reader)) == ([], True)


def test_a_reader_that_hangs_in_a_read_ends_when_its_source_is_closed():
    with http_camera(hangs) as camera, opened(source_at(camera.url(), patience=60)) as source:
        next(pictures(source))
        (reader,) = readers()
        camera.asleep(0.2)
        source.close()
        assert (readers(), is_gone(reader)) == ([], True)


def test_a_reader_that_does_not_heed_the_polite_signal_is_killed_and_replaced():
    with http_camera(steady) as camera, opened(source_at(camera.url(), patience=0.5)) as source:
        next(pictures(source))
        (reader,) = readers()
        reader.send_signal(signal.SIGSTOP)  # as one that waits for a broken disk or device
        assert "gave no picture for 0.5 s" in loss_of(source)[1]
        assert is_gone(reader)
        source.open()
        assert next(pictures(source)).shape == (48, 64, 3)


def test_a_crashed_reader_is_a_lost_source():
    with http_camera(steady) as camera, opened(source_at(camera.url())) as source:
        next(pictures(source))
        readers()[0].send_signal(signal.SIGSEGV)
        assert "its process ended with status -11" in loss_of(source)[1]


@pytest.mark.parametrize("script", [steady, hangs])
def test_a_reader_ends_when_its_agent_is_killed_even_while_it_hangs(script):
    with http_camera(script) as camera:
        agent = subprocess.Popen(
            [sys.executable, "-c", PARENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        with agent:
            agent.stdin.write(camera.url().encode() + b"\n")
            agent.stdin.flush()
            assert agent.stdout.readline() == b"ready\n"
            (reader,) = psutil.Process(agent.pid).children()
            camera.asleep(0.2)
            agent.kill()
        assert is_gone(reader)


def loop_of(source, stop, notice):
    status = status_of(FakeTime(), notice)
    buffer = FrameBuffer(status, 1000, 10_000_000, live=True)
    backoff = Backoff(lambda: 0.0, first=0.1)
    return CameraLoop(
        camera_of(interval=0.01), source, buffer, status, FakeTime().utc, time.monotonic, stop.wait, backoff
    )


@pytest.mark.system  # no system, only too slow for `make unit`
def test_a_camera_that_hangs_again_and_again_is_opened_anew_each_time():
    stop, states = threading.Event(), []

    def notice(status):
        states.append(status.state)
        if states.count(State.RUNNING) == 3:
            stop.set()

    with rtsp_camera(hangs) as camera:
        loop_of(source_at(camera.url(), patience=0.5), stop, notice).run()
    assert states == [*[State.RUNNING, State.SOURCE_LOST] * 2, State.RUNNING, State.ENDED]
    assert (camera.plays, readers()) == (3, [])


@pytest.mark.parametrize("carrier", [rtsp_camera, http_camera])
def test_the_password_is_seen_nowhere(carrier, caplog, capfd):
    canary = f"canary-{uuid.uuid4().hex}"
    caplog.set_level(logging.DEBUG)
    stop, seen = threading.Event(), []

    def notice(status):
        seen.append(json.dumps([status.message(), status.report()]))
        for process in psutil.process_iter():
            try:
                seen.append(f"{process.cmdline()}")
            except psutil.Error:
                continue
        seen.extend(f"{reader.environ()}" for reader in readers())
        if status.state is State.SOURCE_LOST:
            stop.set()

    def pulled(camera, _connection):
        yield from islice(steady(camera), 50)

    with carrier(pulled, f"ann:{canary}") as camera:
        loop_of(source_at(camera.url(f"ann:{canary}")), stop, notice).run()
    seen += [caplog.text, *capfd.readouterr()]
    assert "capture.sources.reader_process" in "".join(seen)
    assert "stopped giving pictures" in "".join(seen)
    assert canary not in "".join(seen)


@pytest.mark.system
def test_reconnects_leave_nothing_behind():
    """`make soak` has 100 of them; memory is compared after the first ones, which fill caches."""
    me, sizes = psutil.Process(), []

    def pulled(camera, _connection):
        yield from islice(steady(camera), 3)

    with http_camera(pulled) as camera:
        source = source_at(camera.url())
        for _ in range(int(os.environ.get("RECONNECTS", "15"))):
            with opened(source):
                loss_of(source)
            sizes.append((me.num_fds(), len(threading.enumerate()), len(me.children()), me.memory_info().rss))
        plays = camera.plays
    assert plays == len(sizes)
    assert sizes[-1][:3] == sizes[0][:3]
    assert sizes[-1][3] - sizes[3][3] < 4 * 1024 * 1024
