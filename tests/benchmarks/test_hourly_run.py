"""The hourly run beside the stream, with jobs that only write down that they ran."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest
from deltalake import DeltaTable

from benchmarks.speed import bench
from benchmarks.speed.hourly_run import CAMERA, JOBS, HourlyRun, leave_frames
from benchmarks.support.running.programs import Program
from benchmarks.support.tables import hour_rows
from benchmarks.support.tables.arrow_tables import schema
from lake.accounting.open_frames import count_open_frames, open_frames
from lake.contracts.hours import Scope
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.storage.tables import COMMON_PROPERTIES
from tests.conftest import at

HOUR = at("11:00")


class Jobs:
    """A system whose programs note their arguments; one of them may fail."""

    def __init__(self, folder, failing=""):
        self.lake, self.log, self._failing = folder, folder / "said.txt", failing
        for table in (FRAMES, DETECTIONS):
            told = {"partition_by": ["day"], "configuration": COMMON_PROPERTIES}
            DeltaTable.create(str(folder / table.name), schema(table), **told)

    def program(self, name, *arguments):
        end = "sys.exit('no room')" if name == self._failing else ""
        script = f"import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n'); {end}"
        command = [sys.executable, "-c", script, str(self.log), *arguments]
        return Program(command, os.environ, self.lake / f"{name}.log")


def run(system):
    hourly = HourlyRun(system, HOUR)
    sent = list(hourly.pictures([b"one", b"two"]))
    return hourly, sent


def test_the_jobs_run_in_airflows_order_while_pictures_are_sent(tmp_path):
    system = Jobs(tmp_path)
    hourly, sent = run(system)
    asked = "--hours 2026-01-02T11:00:00Z --cameras heap"
    assert system.log.read_text().splitlines() == [f"jobs.{job} {asked}" for job in JOBS]
    assert sent[:3] == [b"one", b"two", b"one"]
    assert list(hourly.found()["hourly_run_s"]) == list(JOBS)
    assert hourly.faults() == []


def test_a_job_that_fails_ends_the_run_and_is_a_fault(tmp_path):
    hourly, _ = run(Jobs(tmp_path, failing="count_objects"))
    assert list(hourly.found()["hourly_run_s"]) == ["detect_skipped"]
    assert hourly.faults() == ["of the hourly run only detect_skipped ended well: no room"]


@pytest.mark.parametrize(("settled", "faults"), [(4, []), (1, ["the hourly run left 3 frames"])])
def test_frames_that_are_left_are_a_fault(tmp_path, settled, faults):
    system = Jobs(tmp_path)
    leave_frames(system, [b"a", b"b", b"c", b"d"], HOUR)
    hourly, _ = run(system)
    rows = [hour_rows.record(n, HOUR + n * (at("11:15") - HOUR), CAMERA) for n in range(settled)]
    hour_rows.add(system.lake, DETECTIONS, [hour_rows.outcome(row) for row in rows])
    assert hourly.faults() == faults


def test_the_pictures_of_the_heap_wait_for_the_batch_layer_spread_over_their_hour(tmp_path):
    leave_frames(Jobs(tmp_path), [b"a", b"bc", b"d", b"e", b"fgh", b"i"], HOUR)
    scope = Scope((HOUR,), (CAMERA,))
    found = [(row["offset"], row["observed_at"], row["bytes"]) for row in open_frames(tmp_path, scope)]
    assert count_open_frames(tmp_path, scope) == 6
    assert found == [
        (0, at("11:00"), 1),
        (1, at("11:10"), 2),
        (2, at("11:20"), 1),
        (3, at("11:30"), 1),
        (4, at("11:40"), 3),
        (5, at("11:50"), 1),
    ]


def test_the_paces_are_told_under_their_names(tmp_path, monkeypatch):
    paces = []

    def pace(system, jpegs, fps, session):
        paces.append((session, fps, len(list(jpegs)) > 0))
        return {"capture_to_result_p50_s": float(len(paces))}

    monkeypatch.setattr(bench, "steady_pace", pace)
    monkeypatch.setattr(bench, "real_pictures", lambda _, count: [b"x"] * count)
    found = bench.latencies(SimpleNamespace(system=Jobs(tmp_path)), 100.0, tmp_path, 2)
    assert paces == [("steady", 10, True), ("half", 50.0, True), ("hourly", 10, True)]
    assert list(found.pop("hourly_run_s")) == list(JOBS)
    assert found == {
        "capture_to_result_p50_s": 1.0,
        "half_capture_to_result_p50_s": 2.0,
        "hourly_capture_to_result_p50_s": 3.0,
        "half_fps": 50.0,
        "faults": ["the hourly run left 50 frames"],
    }
