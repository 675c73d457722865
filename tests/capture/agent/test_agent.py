from __future__ import annotations

import json
import os

import pytest

from capture.agent.agent import Agent
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import State
from tests.capture.fakes import FakeBroker, FakeTime, publisher_of, settings_of, status_of


class FakeSession:
    """A session without a thread."""

    def __init__(self, camera, time):
        self.camera, self.alive, self.stopped = camera, True, False
        self.status = status_of(time)
        self.status.camera_id, self.status.registration = camera.id, camera.registration
        self.buffer = FrameBuffer(self.status, 4, 1000, live=True)

    def stop(self):
        self.stopped = True

    def join(self, timeout):
        self.alive = False


class Site:
    """An agent whose sessions, clock and broker are in the test's hands."""

    def __init__(self, folder):
        self.time, self.broker, self.started = FakeTime(), FakeBroker(), []
        self.settings = settings_of(folder)
        self.publisher = publisher_of(self.broker, self.time, folder)
        self.health = folder / "run" / "capture.json"
        self.agent = Agent(
            self.settings,
            self.publisher,
            self.health,
            self.start,
            self.time.utc,
            self.time.monotonic,
            4711,
        )

    def start(self, camera):
        self.started.append(FakeSession(camera, self.time))
        return self.started[-1]

    def write(self, *cameras):
        text = "".join(f"[[camera]]\nid = '{name}'\nsource = '{source}'\n" for name, source in cameras)
        self.write_text(text)

    def write_text(self, text):
        self.settings.cameras.write_text(text)
        self.time.now += 1
        moment = int(self.time.now * 1e9)
        os.utime(self.settings.cameras, ns=(moment, moment))

    def read_health(self):
        return json.loads(self.health.read_text())

    def told(self):
        """Camera, state, and whether it is switched on, of each notice that went out since the last look."""
        while self.publisher.step():
            pass
        said = [json.loads(message.value) for message in self.broker.accepted]
        self.broker.accepted.clear()
        return [(one["camera_id"], one["state"], one["camera"]["enabled"]) for one in said]

    @property
    def running(self):
        return sorted((s.camera.id, s.camera.source) for s in self.started if not s.stopped)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_a_first_start_makes_the_list_and_runs_the_demo(site):
    site.agent.tick()
    assert site.running == [("demo", "demo")]


def test_a_camera_added_to_the_file_starts_and_the_others_go_on(site):
    site.write(("door", 0))
    site.agent.tick()
    site.write(("door", 0), ("yard", 1))
    site.agent.tick()
    assert site.running == [("door", "0"), ("yard", "1")]
    assert len(site.started) == 2


def test_a_camera_removed_or_disabled_stops(site):
    site.write(("door", 0), ("yard", 1))
    site.agent.tick()
    site.write_text("[[camera]]\nid = 'door'\nsource = '0'\nenabled = false\n")
    site.agent.tick()
    assert site.running == []
    assert site.read_health()["cameras"] == {}


def test_a_changed_camera_starts_anew_only_when_its_device_is_free(site):
    site.write(("door", 0))
    site.agent.tick()
    site.write(("door", 1))
    site.agent.tick()
    assert site.running == []
    site.started[0].alive = False
    site.agent.tick()
    assert site.running == [("door", "1")]


def test_an_invalid_file_keeps_the_cameras_and_says_what_is_wrong(site, caplog):
    site.write(("door", 0))
    site.agent.tick()
    site.write(("door", "ftp://ann:canary@x"))
    site.agent.tick()
    site.agent.tick()
    assert site.running == [("door", "0")]
    assert "must begin with one of rtsp://" in site.read_health()["problem"]
    assert len([record for record in caplog.records if "stay unchanged" in record.message]) == 1
    assert "canary" not in caplog.text + site.health.read_text()
    site.write(("door", 0))
    site.agent.tick()
    assert site.read_health()["problem"] is None


def test_a_camera_whose_thread_died_is_started_anew(site):
    site.write(("door", 0))
    site.agent.tick()
    site.started[0].alive = False
    site.agent.tick()
    assert [session.camera.id for session in site.started] == ["door", "door"]


def test_an_ended_file_stays_ended(site):
    site.write(("door", 0))
    site.agent.tick()
    site.started[0].status.enter(State.ENDED)
    site.started[0].alive = False
    site.agent.tick()
    assert len(site.started) == 1
    assert site.read_health()["cameras"]["door"]["state"] == "ended"


def test_the_health_file_tells_how_the_cameras_are(site):
    site.write(("door", 0))
    site.agent.tick()
    health = site.read_health()
    cameras = health.pop("cameras")
    assert health == {
        "pid": 4711,
        "updated_at": "2026-01-02T12:00:01.000000Z",
        "broker": None,
        "problem": None,
    }
    assert {"state", "captured", "pending", "last_error", "last_frame_at"} <= set(cameras["door"])


def test_a_heartbeat_goes_out_every_30_seconds(site):
    site.write(("door", 0))
    for _ in range(61):
        site.agent.tick()
        site.time.now += 1
    site.publisher.step()
    assert [json.loads(message.value)["at"][14:19] for message in site.broker.accepted] == [
        "00:01",
        "00:31",
        "01:01",
    ]


def test_stopping_stops_every_camera(site):
    site.write(("door", 0), ("yard", 1))
    site.agent.tick()
    site.agent.stop(1)
    assert site.running == []


def test_a_camera_that_is_switched_off_or_removed_says_so_once(site):
    site.write(("door", 0), ("yard", 1))
    site.agent.tick()
    assert sorted(site.told()) == [("door", "starting", True), ("yard", "starting", True)]
    site.write_text("[[camera]]\nid = 'door'\nsource = '0'\nenabled = false\n")
    site.agent.tick()
    site.agent.tick()
    assert site.told() == [("door", "starting", False), ("yard", "starting", False)]


def test_a_camera_that_is_off_from_the_start_is_told_too(site):
    site.write_text("[[camera]]\nid = 'door'\nsource = '0'\nenabled = false\n")
    site.agent.tick()
    site.agent.tick()
    assert site.told() == [("door", "ended", False)]


def test_fifty_cameras_come_and_go_without_a_restart(site):
    ids = [f"camera-{number:02d}" for number in range(50)]
    site.write(*((name, name[-2:]) for name in ids))
    site.agent.tick()
    assert [name for name, _ in site.running] == ids
    site.write(*((name, name[-2:]) for name in ids[::2]))
    site.agent.tick()
    assert [name for name, _ in site.running] == ids[::2]
    assert len(site.started) == 50, "those that stayed were left alone"
    assert sum(not enabled for *_, enabled in site.told()) == 25
