from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from capture.command import app

RUNNER = CliRunner()
ROOT = Path(__file__).parents[2]


@pytest.fixture
def capture(tmp_path):
    env = {"PYCTURESTREAM_DATA": str(tmp_path), "PYCTURESTREAM_HOME": str(tmp_path), "COLUMNS": "500"}
    return lambda *words, **more: RUNNER.invoke(app, list(words), env={**env, **more})


def test_one_command_adds_a_webcam(capture, tmp_path):
    added = capture("camera", "add", "webcam", "--source", "0")
    assert (added.exit_code, added.output) == (0, f"Added camera webcam to {tmp_path / 'cameras.toml'}\n")
    assert capture("camera", "list").output == "demo\tdemo\t1\tTrue\nwebcam\t0\t3\tTrue\n"
    assert capture("camera", "remove", "webcam").exit_code == 0
    assert capture("camera", "list").output == "demo\tdemo\t1\tTrue\n"


def test_a_camera_is_added_with_its_name_place_and_time_zone(capture, tmp_path):
    told = ["--name", "Front door", "--place", "Hall", "--time-zone", "Asia/Tokyo"]
    assert capture("camera", "add", "door", "--source", "0", *told).exit_code == 0
    [_, door] = tomllib.loads((tmp_path / "cameras.toml").read_text())["camera"]
    assert door == {
        "id": "door",
        "source": "0",
        "name": "Front door",
        "place": "Hall",
        "time_zone": "Asia/Tokyo",
    }
    refused = capture("camera", "add", "yard", "--source", "0", "--time-zone", "Mars/Olympus")
    assert refused.exit_code == 2
    assert "camera 'yard': time_zone = 'Mars/Olympus' is no time zone" in refused.output


def test_a_listed_password_is_not_shown(capture):
    capture("camera", "add", "door", "--source", "rtsp://ann:canary@10.0.0.7/1")
    assert "door\trtsp://***@10.0.0.7/1\t3\tTrue" in capture("camera", "list").output


def test_a_file_is_listed_with_its_whole_path(capture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    capture("camera", "add", "film", "--source", "film.mp4")
    assert f"film\t{tmp_path / 'film.mp4'}\t3\tTrue" in capture("camera", "list").output


def test_the_test_pattern_is_listed_as_it_is_and_not_as_a_file(capture):
    capture("camera", "add", "pattern", "--source", "test", "--fps", "5")
    assert "pattern\ttest\t0.2\tTrue" in capture("camera", "list").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--source", "nowhere.mp4"], "no file 'nowhere.mp4'"),
        (["run", "--fps", "2", "--interval", "1"], "give one of them"),
        (["run", "--camera", "../x"], "'../x' must be 1-64 letters"),
        (["run", "--source", "ftp://ann:canary@x"], "must begin with one of rtsp://"),
        (["camera", "add", "a/b", "--source", "0"], "'a/b' must be 1-64 letters"),
        (["camera", "remove", "nobody"], "no camera 'nobody'"),
    ],
)
def test_a_bad_word_is_an_error_with_its_cure(capture, words, said):
    ended = capture(*words)
    assert ended.exit_code == 2
    assert said in ended.output
    assert "canary" not in ended.output


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("QUALITY", "fine", "must be a whole number from 1 to 100"),
        ("PATIENCE", "0", "must be a number from 0.5 to 3600"),
        ("FROZEN", "-1", "must be a number from 0 to 86400"),
    ],
)
def test_a_bad_setting_is_an_error_that_names_it(capture, name, value, said):
    ended = capture("camera", "list", **{f"PYCTURESTREAM_CAPTURE_{name}": value})
    assert ended.exit_code == 2
    assert f"PYCTURESTREAM_CAPTURE_{name}={value!r} {said}" in ended.output


def test_the_list_of_processes_shows_no_password(tmp_path):
    command = [sys.executable, "-m", "capture", "run", "--source", "rtsp://ann:canary-7e1@127.0.0.1:1/x"]
    env = os.environ | {"PYCTURESTREAM_DATA": str(tmp_path), "PYCTURESTREAM_KAFKA": "127.0.0.1:1"}
    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 30
        while "***" not in (shown := " ".join(psutil.Process(process.pid).cmdline())):
            assert time.monotonic() < until, shown
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    assert "canary" not in shown
    assert "rtsp://***@127.0.0.1:1/x" in shown


def test_a_command_started_alone_goes_by_the_toml_file(tmp_path):
    toml = tmp_path / "site.toml"
    toml.write_text('data = "lakes"\n[capture]\ncameras = "mine.toml"\n')
    (tmp_path / "mine.toml").write_text('[[camera]]\nid = "yard"\nsource = "0"\n')
    env = {"PATH": os.environ["PATH"], "PYCTURESTREAM_CONFIG": str(toml)}
    command = [sys.executable, "-m", "capture", "camera", "list"]
    listed = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "yard\t0\t3\tTrue\n", "")
    toml.write_text("[capture]\ncapture_interval = 0\n")
    refused = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout, refused.stderr) == (
        2, "", f"{toml}: [capture] capture_interval = 0 must be a number from 0.01 to 86400\n",
    )  # fmt: skip
