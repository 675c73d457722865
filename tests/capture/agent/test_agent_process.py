"""The agent as a process: nobody learns the password of its camera, and it leaves no process behind."""

from __future__ import annotations

import json
import os
import sys
import uuid

import psutil
import pytest

from benchmarks.support.running.programs import Program, wait_for
from tests.capture.fake_cameras import rtsp_camera, steady

pytestmark = pytest.mark.system  # no system, only too slow for `make unit`

CANARY = f"canary-{uuid.uuid4().hex}"


@pytest.fixture
def agent(tmp_path):
    env = os.environ | {
        "PYCTURESTREAM_DATA": str(tmp_path),
        "PYCTURESTREAM_HOME": str(tmp_path),
        "PYCTURESTREAM_KAFKA": "127.0.0.1:1",
        "PYCTURESTREAM_CAPTURE_PATIENCE": "0.5",
    }
    program = Program([sys.executable, "-m", "capture", "agent"], env, tmp_path / "agent.log")
    with rtsp_camera(steady, f"ann:{CANARY}") as camera:
        entry = f'[[camera]]\nid = "door"\nsource = "{camera.url(f"ann:{CANARY}")}"\ninterval = 0.1\n'
        (tmp_path / "cameras.toml").write_text(entry)
        program.start()
        yield program
        program.stop(5)


def health(agent):
    """What the health file says of the camera once it has taken this many pictures."""
    path = agent.log.parent / "run" / "capture.json"
    return path.read_text() if path.exists() else '{"cameras": {}}'


def captured(agent):
    return json.loads(health(agent))["cameras"].get("door", {}).get("captured", 0)


def reader_of(agent):
    (reader,) = psutil.Process(agent.pid).children()
    return reader


def test_a_hung_reader_is_replaced_and_no_password_is_seen(agent):
    wait_for("pictures", lambda: captured(agent) >= 3, 60)
    first = reader_of(agent)
    seen = [f"{process.cmdline()}{process.environ()}" for process in agent.tree()]
    first.suspend()
    wait_for("loss", lambda: agent.said("door is source_lost", "gave no picture for 0.5 s"), 60)
    before = captured(agent)
    wait_for("pictures again", lambda: captured(agent) > before, 60)
    assert reader_of(agent).pid != first.pid
    seen += [health(agent), *agent.lines()]
    assert "capture.sources.reader_process" in "".join(seen)
    assert CANARY not in "".join(seen)
    assert (agent.stop(), agent.tree()) == (0, [])


def test_a_killed_agent_leaves_no_reader(agent):
    wait_for("pictures", lambda: captured(agent) >= 1, 60)
    assert len(agent.tree()) == 2
    agent.kill()
    assert wait_for("the reader's end", lambda: not agent.tree(), 5)
