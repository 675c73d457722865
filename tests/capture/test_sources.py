from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from capture.sources import CameraUnavailableError, EndOfSourceError, FileSource, LiveSource, source_of
from tests.capture.fakes import camera_of, number_of, write_film


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


def test_the_demo_is_the_clip(tmp_path):
    source = source_of(camera_of("demo", loop=True), write_film(tmp_path / "demo.avi", 5))
    source.open()
    assert numbers(source, 0.2, 3) == [0, 2, 4]
    source.close()


class StreamHandler(BaseHTTPRequestHandler):
    """A camera that sends one JPEG after another for as long as somebody listens."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
        head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
        with suppress(OSError):
            while True:
                self.wfile.write(head + jpeg + b"\r\n")
                time.sleep(0.01)

    def log_message(self, *_args):
        pass


@pytest.fixture
def stream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), StreamHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_address_gives_pictures(stream):
    source = LiveSource(camera_of(stream))
    source.open()
    pictures = [picture for _ in range(20) if (picture := source.read(0.1)) is not None]
    source.close()
    source._reader.join(10)
    assert len(pictures) > 1
    assert (pictures[0].shape, number_of(pictures[0])) == ((48, 64, 3), 20)


def test_an_address_that_refuses_is_lost_and_its_password_stays_secret(capfd):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    source = LiveSource(camera_of(f"http://ann:canary-7e1@127.0.0.1:{port}/x"))
    source.open()
    source._reader.join(10)
    with pytest.raises(CameraUnavailableError) as lost:
        source.read(1)
    written = capfd.readouterr()
    assert f"http://***@127.0.0.1:{port}/x" in str(lost.value)
    assert "canary-7e1" not in str(lost.value) + written.out + written.err


class HangingDevice:
    """A device whose read never returns until the test lets go."""

    def __init__(self, *_args):
        self.go_on = threading.Event()

    def set(self, *_args):
        return True

    def isOpened(self):
        return True

    def grab(self):
        self.go_on.wait(10)
        return False

    def release(self):
        pass


def test_a_device_that_hangs_neither_blocks_the_reader_nor_gets_a_second_one(monkeypatch):
    device = HangingDevice()
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_args: device)
    source = LiveSource(camera_of("0"))
    source.open()
    assert source.read(1) is None
    source.close()
    with pytest.raises(CameraUnavailableError, match="hangs"):
        source.open()
    device.go_on.set()
    source._reader.join(5)
    source.open()
    source._reader.join(5)


class CountingDevice(HangingDevice):
    """A device whose pictures are numbered as they are grabbed."""

    grabbed = 0
    asked: dict[int, int] = {}  # noqa: RUF012

    def set(self, what, value):
        self.asked[what] = value
        return True

    def grab(self):
        time.sleep(0.001)
        CountingDevice.grabbed += 1
        return True

    def retrieve(self):
        return True, np.full((2, 2, 3), CountingDevice.grabbed % 250, np.uint8)


def test_a_device_is_drained_so_that_its_picture_is_fresh(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", CountingDevice)
    source = LiveSource(camera_of("0"))
    source.open()
    source.read(1)
    while CountingDevice.grabbed < 50:
        time.sleep(0.001)
    before = CountingDevice.grabbed
    picture = source.read(1)
    source.close()
    source._reader.join(5)
    assert int(picture[0, 0, 0]) > before
    assert CountingDevice.asked == {cv2.CAP_PROP_FRAME_WIDTH: 1280, cv2.CAP_PROP_FRAME_HEIGHT: 720}
