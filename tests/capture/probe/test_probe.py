from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import psutil
import pytest
from typer.testing import CliRunner

from capture.command import app
from capture.probe import cli as probe_command
from capture.probe.causes import NO_CAMERA, Cause, Machine, cause_from, hint, machine_of, reason
from capture.probe.probe import Probe, Report, _parse_answer
from capture.probe.probe_source import PROPERTIES, Request, probe_source
from tests.capture.fake_cameras import rtsp_camera, steady
from tests.capture.fakes import camera_of, number_of, write_film


def probe_of(tmp_path, machine=Machine.LINUX, seconds=60.0):
    (tmp_path / "dev").mkdir(exist_ok=True)
    return Probe(machine, tmp_path / "demo.avi", tmp_path / "pictures", seconds, tmp_path / "dev")


def test_a_film_is_told_with_all_its_properties_and_its_first_picture_is_kept(tmp_path):
    film = write_film(tmp_path / "demo.avi", 20)
    picture = tmp_path / "pictures" / "test_source.jpg"
    untold = dict.fromkeys(("brightness", "contrast", "saturation", "hue", "gain", "exposure"))
    known = {"fps": 10.0, "height": 48.0, "width": 64.0, **untold, "pos-msec": 0.0, "avi-ratio": 0.1}
    found = probe_of(tmp_path).probe_camera(camera_of(str(film)))
    assert found == Report(str(film), True, known, str(picture))
    assert list(found.properties) == list(PROPERTIES)
    assert number_of(cv2.imread(str(picture))) == 0
    assert probe_of(tmp_path).probe_camera(camera_of("demo")).found


def test_a_pattern_and_a_folder_are_told_with_the_size_of_their_first_picture(tmp_path):
    folder = tmp_path / "album"
    folder.mkdir()
    nothing = probe_of(tmp_path).probe_camera(camera_of(str(folder)))
    assert not nothing.found
    assert "holds no pictures" in nothing.reason
    cv2.imwrite(str(folder / "a.png"), np.full((48, 64, 3), 30, np.uint8))
    sizes = {
        source: {name: value for name, value in found.properties.items() if value is not None}
        for source in ("test", str(folder))
        if (found := probe_of(tmp_path).probe_camera(camera_of(source))).found
    }
    assert sizes == {"test": {"height": 720.0, "width": 1280.0}, str(folder): {"height": 48.0, "width": 64.0}}
    assert number_of(cv2.imread(str(tmp_path / "pictures" / "test_source.jpg"))) == 5


class Device:
    """A webcam whose pictures are numbered; it knows only its brightness."""

    def __init__(self, *opened, opens=True, pictures=100):
        self.opened, self.opens, self.pictures = opened, opens, pictures
        self.asked, self.read_number, self.released = {}, 0, False

    def set(self, what, value):
        self.asked[what] = value

    def isOpened(self):
        return self.opens

    def read(self):
        self.read_number += 1
        there = self.read_number <= self.pictures
        return there, np.full((48, 64, 3), 10 + 4 * self.read_number, np.uint8) if there else None

    def get(self, what):
        return {cv2.CAP_PROP_BRIGHTNESS: 0.5, cv2.CAP_PROP_FPS: float("nan")}.get(what, -1.0)

    def release(self):
        self.released = True


def look_by(device, monkeypatch, tmp_path):
    monkeypatch.setattr(cv2, "VideoCapture", lambda *opened: setattr(device, "opened", opened) or device)
    return probe_source(Request(camera_of("2"), tmp_path / "demo.avi", tmp_path / "test_2.jpg"))


def test_a_device_is_asked_for_the_agent_s_size_and_its_first_dark_pictures_are_passed_over(
    monkeypatch, tmp_path
):
    device = Device()
    told = look_by(device, monkeypatch, tmp_path)
    assert (device.opened, device.released) == ((2,), True)
    assert device.asked == {cv2.CAP_PROP_FRAME_WIDTH: 1280, cv2.CAP_PROP_FRAME_HEIGHT: 720}
    assert {name for name, value in told["properties"].items() if value is not None} == {"brightness"}
    assert number_of(cv2.imread(told["picture"])) == 8


@pytest.mark.parametrize(
    ("device", "cause"),
    [(Device(opens=False), "unopened"), (Device(pictures=0), "no_picture")],
)
def test_a_device_without_a_picture_is_told_apart_and_released(device, cause, monkeypatch, tmp_path):
    assert look_by(device, monkeypatch, tmp_path) == {"cause": cause}
    assert device.released


def test_the_first_four_devices_and_all_that_are_there_are_looked_at(tmp_path):
    probe = probe_of(tmp_path)
    for name in ("video2", "video11", "videodev", "vcs1"):
        (tmp_path / "dev" / name).touch()
    assert probe.indexes() == [0, 1, 2, 3, 11]


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (Machine.LINUX, "the index is not correct"),
        (Machine.WSL, "WSL hands no webcam to Linux by itself: use a phone as a camera"),
    ],
)
def test_a_device_that_is_not_there_is_not_found_without_a_process(machine, words, tmp_path, monkeypatch):
    monkeypatch.setattr(Probe, "_run_probe", lambda *_: pytest.fail("no process is needed"))
    reports = list(probe_of(tmp_path, machine).probe_devices(camera_of("0")))
    assert [(one.source, one.found, one.reason) for one in reports] == [
        (index, False, "not found") for index in "0123"
    ]
    assert words in reports[0].hint


def test_a_device_that_the_user_may_not_open_is_told_with_the_group(tmp_path, monkeypatch):
    probe = probe_of(tmp_path)
    (tmp_path / "dev" / "video0").touch()
    monkeypatch.setattr("capture.probe.probe.os.access", lambda _path, _mode: False)
    found = probe.probe_camera(camera_of("0"))
    assert (found.reason, "usermod -aG video" in found.hint) == ("your user may not open it", True)


def test_macos_is_told_where_cameras_are_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(Probe, "_run_probe", lambda *_: {"cause": "unopened"})
    found = probe_of(tmp_path, Machine.MACOS).probe_camera(camera_of("0"))
    assert (found.reason, "Privacy & Security" in found.hint) == ("not found", True)


@pytest.mark.parametrize(
    ("noise", "cause"),
    [
        ("[DEBUG] tryIoctl(3, VIDIOC_S_FMT), failIfBusy=1 => -1    errno=16\n", Cause.BUSY),
        ("VIDIOC_STREAMON: Device or resource busy", Cause.BUSY),
        ("[DEBUG:0@0.401] tryIoctl(3) => -1    errno=22", Cause.UNOPENED),
        ("[tcp @ 0x1] Connection to tcp://10.0.0.7:554 failed: Connection refused", Cause.REFUSED),
        ("[tcp @ 0x1] Failed to resolve hostname cam: Name or service not known", Cause.UNREACHABLE),
        ("", Cause.UNOPENED),
    ],
)
def test_the_words_of_opencv_and_ffmpeg_give_the_cause(noise, cause):
    assert cause_from(noise, Cause.UNOPENED) is cause
    assert _parse_answer(f'{noise}\n{{"cause": "unopened"}}\n', 0) == {"cause": cause}


def test_every_cause_has_words_and_a_driver_that_crashes_is_one():
    assert all(reason(cause) and hint(cause, machine) for cause in Cause for machine in Machine)
    assert _parse_answer('{"cause": "unopened"}', -11) == _parse_answer("", 0) == {"cause": Cause.CRASHED}


def test_machines_are_told_apart():
    found = [machine_of("darwin", ""), machine_of("linux", "Linux 6.1"), machine_of("linux", "4.4-Microsoft")]
    assert found == [Machine.MACOS, Machine.LINUX, Machine.WSL]


class Refusing(BaseHTTPRequestHandler):
    """Answers with the status that the path names, and never on `/0`; it looks who asks."""

    processes: list[str] = []  # noqa: RUF012
    end = threading.Event()

    def do_GET(self):
        if self.path == "/0":
            self.end.wait(20)
            return
        every = psutil.Process().children(recursive=True)
        found = [child for child in every if child.status() != psutil.STATUS_ZOMBIE]
        self.processes += [str((child.cmdline(), child.environ())) for child in found]
        self.send_response(int(self.path[1:]))
        self.send_header("WWW-Authenticate", 'Basic realm="cameras"')
        self.end_headers()

    def log_message(self, *_args):
        pass


@pytest.fixture
def address():
    Refusing.end.clear()
    Refusing.processes.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://ann:canary-7e1@127.0.0.1:{server.server_port}/"
    Refusing.end.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_stream_is_told_without_its_password(tmp_path, capfd):
    with rtsp_camera(steady, "ann:canary-7e1") as camera:
        found = probe_of(tmp_path).probe_camera(camera_of(camera.url("ann:canary-7e1")))
    assert (found.found, found.source.startswith("rtsp://***@127.0.0.1:")) == (True, True)
    assert (found.properties["width"], found.properties["height"]) == (64, 48)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "refuses user or password"), (404, "has no such stream"), (503, "gives no stream")],
)
def test_an_address_that_refuses_says_why_and_nobody_sees_its_password(address, status, said, tmp_path):
    found = probe_of(tmp_path).probe_camera(camera_of(f"{address}{status}"))
    assert found.reason.startswith(said)
    seen = [text for text in Refusing.processes if "probe_source" in text]
    assert seen
    assert "canary" not in f"{found} {seen}"


def test_a_source_that_hangs_is_given_up_and_its_process_killed(address, tmp_path):
    found = probe_of(tmp_path, seconds=1).probe_camera(camera_of(f"{address}0"))
    assert (found.found, found.reason) == (False, "gives no answer in time")
    assert [one for one in psutil.Process().children() if "capture.probe.probe_source" in one.cmdline()] == []


@pytest.fixture
def capture(tmp_path, monkeypatch):
    monkeypatch.setattr(probe_command, "probe_of", lambda _clip, output, _seconds: probe_of(output.parent))
    env = {"PYCTURESTREAM_DATA": str(tmp_path), "COLUMNS": "500"}
    return lambda *words: CliRunner().invoke(app, ["probe", *words], env=env)


def test_a_machine_without_a_camera_is_told_what_else_can_be_done(capture):
    ended = capture()
    lines = ended.output.splitlines()
    assert (ended.exit_code, lines[0], lines[-2:]) == (
        1,
        "device 0: not found",
        ["device 3: not found", NO_CAMERA],
    )
    said = json.loads(capture("--json").output)
    assert ([one["source"] for one in said["sources"]], said["advice"]) == (["0", "1", "2", "3"], NO_CAMERA)


def test_one_source_can_be_probed_by_itself(capture, tmp_path):
    film = write_film(tmp_path / "film.avi", 3)
    ended = capture("--source", str(film))
    assert ended.exit_code == 0
    assert ended.output.splitlines()[:4] == [
        f"{film}:",
        "  fps         10",
        "  height      48",
        "  width       64",
    ]
    assert "  hue         unknown\n" in ended.output
    assert capture("--source", "gopher://ann:canary@x").exit_code == 2
    missing = capture("--source", str(tmp_path / "no.mp4"), "--json")
    assert (missing.exit_code, json.loads(missing.output)["sources"][0]["reason"]) == (1, "no such file")
