"""A checkpoint that a full disk cut short stops the stream; put aside, nothing is lost or doubled."""

from __future__ import annotations

import pytest

from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.system import System
from stack.operations.repair import Checkpoint, choose, put_aside
from stack.site.clock import SystemClock
from tests.faults.notices import notices_stored, send_notices
from tests.faults.traffic import send_frames
from tests.faults.windows import last
from tests.stack.programs.test_supervision import Lines

pytestmark = pytest.mark.system


def test_checkpoints_put_aside_cost_no_record_and_double_none(system: System) -> None:
    send_frames(system, "before", 5)
    told = send_notices(system, "repaired", 3)
    before = system.settle()
    notices_stored(system, told)
    system.stream.stop()
    checkpoint = system.checkpoint("detect_objects")
    entry = checkpoint / "offsets" / str(last(checkpoint / "offsets"))
    entry.write_bytes(entry.read_bytes()[:-9])
    (entry.parent / f".{entry.name}.crc").unlink(missing_ok=True)
    system.stream.start()
    wait_for("end of a stream that cannot go on", lambda: not system.stream.runs)

    [damaged] = choose(system.installation, None)
    assert (damaged.query, damaged.damage) == ("detect_objects", f"offsets/{entry.name} is no JSON")
    status = Checkpoint("archive_camera_status", system.checkpoint("archive_camera_status"), None)
    put_aside(system.installation, [damaged, status], Lines(), SystemClock())
    system.start_stream()
    assert choose(system.installation, None) == []
    places = send_frames(system, "after", 5)
    assert [row["status"] for row in system.outcomes(places)] == ["detected"] * 5
    after = system.settle()
    assert after.is_balanced, after
    assert after.detections.expired == before.detections.expired, "what was stored counts as read"
    notices_stored(system, [*told, *send_notices(system, "repaired", 2)])
