from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from jobs.detector.detected_object import DetectedObject
from jobs.frames.detect_pictures import run
from lake.config.settings import PROJECT_ROOT, Settings


class Cats:
    """A detector that sees a sure cat and an unsure dog in everything."""

    def detect(self, pictures):
        cat = DetectedObject("cat", 0.876, 0.0, 0.0, 0.2, 0.2)
        return [[cat, DetectedObject("dog", 0.49, 0.8, 0.8, 1.0, 1.0)] for _ in pictures]


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "my [red] cat.png"
    cv2.imwrite(str(path), np.full((400, 600, 3), 255, np.uint8))
    return path


def test_objects_are_printed_with_score_and_sector_and_a_copy_is_saved(picture, capsys):
    assert run(Cats(), [picture], None, 0.5) == 0
    printed = capsys.readouterr().out
    assert ("cat" in printed, "0.88" in printed, "top left" in printed, "dog" in printed) == (True,) * 3 + (
        False,
    )
    copy = picture.with_name("my [red] cat.objects.jpg")
    assert (str(copy) in printed, cv2.imread(str(copy)).shape) == (True, (400, 600, 3))


def test_copies_go_to_the_output_folder(picture, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    run(Cats(), [picture], output, 0.5)
    assert [path.name for path in output.iterdir()] == ["my [red] cat.objects.jpg"]


def test_each_bad_picture_is_named_and_the_others_are_done(picture, tmp_path, capsys):
    broken = tmp_path / "[bold]broken.jpg"
    broken.write_bytes(b"GIF89a")
    assert run(Cats(), [broken, tmp_path / "missing.jpg", picture], None, 0.5) == 2
    printed = capsys.readouterr()
    assert "[bold]broken.jpg: 6 bytes" in printed.err
    assert "missing.jpg" in printed.err
    assert "cat" in printed.out


def test_a_picture_without_objects_over_the_threshold_says_so(picture, capsys):
    run(Cats(), [picture], None, 0.9)
    assert "no objects" in capsys.readouterr().out


def detect(*arguments):
    command = [sys.executable, "-m", "jobs.frames.detect_pictures", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT_ROOT)


def test_an_unknown_engine_is_refused_with_the_known_ones(picture):
    ran = detect(picture, "--engine", "torch")
    assert (ran.returncode, "litert, tensorflow" in ran.stderr) == (1, True)


@pytest.mark.model
def test_the_command_finds_people_in_a_frame_of_the_demo_clip(tmp_path):
    clip = Settings.from_env(os.environ).home / "clips" / "bikes.mp4"
    capture = cv2.VideoCapture(str(clip))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 120)
    cv2.imwrite(str(tmp_path / "frame.jpg"), capture.read()[1])
    ran = detect(tmp_path / "frame.jpg", Path("/missing.jpg"), "--output", tmp_path / "out")
    assert ran.returncode == 1
    assert "person" in ran.stdout
    assert ran.stderr == "/missing.jpg: [Errno 2] No such file or directory: '/missing.jpg'\n"
    assert (tmp_path / "out" / "frame.objects.jpg").stat().st_size > 1000
