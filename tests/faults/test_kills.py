"""Processes killed in the worst moments; each test proves that it hit the moment it is about."""

from __future__ import annotations

import psutil
import pytest

from benchmarks.support.running.system import System
from benchmarks.support.running.wire import KILLER_BGR, SLOW_BGR, frame, picture_of, pictures
from tests.faults.crashing_detector import AT_WORK
from tests.faults.traffic import send_frames
from tests.faults.windows import is_open, kill_at, kill_between_commits, last, open_batch

pytestmark = pytest.mark.system


def check_recovery(system: System, starts: int) -> None:
    """The stream was started once more, and lost and doubled nothing."""
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    assert system.stream.starts > starts
    assert system.stream.runs


def test_the_jvm_killed_in_the_middle_of_a_batch(system: System) -> None:
    starts, checkpoint = system.stream.starts, system.checkpoint("detect_objects")
    before = last(checkpoint / "offsets")
    send_frames(system, "killed-mid-batch")
    batch = kill_at(system, lambda: found if (found := open_batch(checkpoint) or -1) > before else None)
    assert is_open(checkpoint, batch)
    check_recovery(system, starts)
    assert (checkpoint / "commits" / str(batch)).exists(), "the batch was finished by the next life"


@pytest.mark.parametrize(
    ("query", "table"), [("archive_detections", "detections"), ("archive_frames", "frames")]
)
def test_the_jvm_killed_between_delta_s_commit_and_spark_s(system: System, query: str, table: str) -> None:
    starts = system.stream.starts
    kill_between_commits(system, query, table)
    check_recovery(system, starts)


def test_a_python_worker_killed_in_the_middle_of_an_analysis(system: System) -> None:
    starts, checkpoint = system.stream.starts, system.checkpoint("detect_objects")
    at_work = system.data / "scratch" / AT_WORK
    system.send(frame(picture_of(SLOW_BGR), "worker-killed"))
    system.wait("worker at work", at_work.exists)
    batch = open_batch(checkpoint)
    psutil.Process(int(at_work.read_text())).kill()
    assert batch is not None
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    assert system.stream.said("Python worker exited unexpectedly"), "the kill came while the worker worked"
    assert system.stream.starts == starts, "the stream itself lived on"


def test_a_frame_that_kills_its_worker_every_time(system: System) -> None:
    starts = system.stream.starts
    clip = pictures(system.installation.settings.home / "clips")
    values = [*clip[:3], picture_of(KILLER_BGR), *clip[3:6]]
    records = [frame(value, "killer", number) for number, value in enumerate(values)]
    rows = system.outcomes(system.send(*records))
    assert [row["status"] for row in rows] == ["detected"] * 3 + ["failed"] + ["detected"] * 3
    assert rows[3]["reason"] == "the frame ended its process with exit code -11"
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    assert system.stream.starts == starts, "the stream itself lived on"
