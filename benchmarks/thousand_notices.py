"""The heartbeats of `benchmarks.thousand_cameras`: through a real broker to the real archive.

All cameras speak every 30 s, as an agent makes them. No camera sends a picture, so that what the stream
computes beyond its idle minute is the archive of the notices.
"""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from deltalake import DeltaTable
from kafka import KafkaProducer

from benchmarks.running_processes import by_role, seconds_of
from benchmarks.thousand_hour import tables_of
from capture.publish.camera_status import CameraStatus, State
from lake.config.settings import PREFIX
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import STATUS_TOPIC
from lake.schema.schemas import CAMERA_STATUS, STREAM_PROGRESS
from lake.storage.reader import read_rows
from tests.faults.programs import wait_for
from tests.faults.system import System, running_broker

HEARTBEAT_S: Final = 30
IDLE_S: Final = 20
AS_USUAL: Final = {
    PREFIX + "ARCHIVE_STATUS_EVERY_SECONDS": "60",
    PREFIX + "ARCHIVE_FRAMES_EVERY_SECONDS": "15",
    PREFIX + "ARCHIVE_DETECTIONS_EVERY_SECONDS": "2",
}
PATIENCE_S: Final = 150
Found = dict[str, Any]


def notices(cameras: int) -> list[CameraStatus]:
    """A session of each camera, running."""
    about = {"place": "Hall", "time_zone": "Europe/Berlin", "source": "rtsp://10.0.0.1/live", "enabled": True}
    found = [
        CameraStatus(f"camera-{one:05}", f"{one:032x}", utc_now, _told, {"name": f"Door {one}", **about})
        for one in range(cameras)
    ]
    for one in found:
        one.enter(State.RUNNING)
    return found


def _told(_status: CameraStatus) -> None:
    """A change of state is sent with the next heartbeat."""


def speak(producer: KafkaProducer, cameras: list[CameraStatus], seconds: float) -> int:
    """Heartbeats of all cameras for so long, evenly spread; how many."""
    began, sent, every_s = time.monotonic(), 0, HEARTBEAT_S / len(cameras)
    while sent * every_s < seconds:
        time.sleep(max(0.0, began + sent * every_s - time.monotonic()))
        one = cameras[sent % len(cameras)]
        for _ in range(HEARTBEAT_S // 3):
            one.count_captured(utc_now())
        producer.send(STATUS_TOPIC, json.dumps(one.message()).encode(), one.camera_id.encode())
        sent += 1
    producer.flush(30)
    return sent


def measure_notices(cameras: int, minutes: float) -> Found:
    """Send for so long, and wait until all are in the table."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        broker = stack.enter_context(running_broker(Path(folder) / "broker"))
        system = System(Path(folder) / "data", broker, AS_USUAL)
        stack.callback(system.stop)
        system.start_stream()
        producer = KafkaProducer(bootstrap_servers=broker.address)
        stack.callback(producer.close)
        speaking = notices(cameras)
        speak(producer, speaking, 1)  # the first batch compiles
        time.sleep(IDLE_S)
        before, rows, began = seconds_of(by_role(system)), _rows(system.lake), utc_now()
        sent = speak(producer, speaking, 60 * minutes)
        wait_for("all notices", lambda: _rows(system.lake) >= rows + sent, PATIENCE_S)
        after, took_s = seconds_of(by_role(system)), (utc_now() - began).total_seconds()
        time.sleep(IDLE_S)  # at rest afterwards, since before it much is compiled that no notice needs
        rest = seconds_of(by_role(system))
        spent = {
            role: after[role] - before[role] - (rest[role] - after[role]) / IDLE_S * took_s for role in rest
        }
        return {
            "cameras": cameras, "sent": sent, "minutes": minutes,
            "cpu_ms_per_notice": {role: 1000 * used / sent for role, used in spent.items()},
            "batches": batches(system.lake, began),
            "tables": {name: one for name, one in tables_of(system.lake).items() if name == "camera_status"},
        }  # fmt: skip


def batches(lake: Path, since: datetime) -> list[Found]:
    """Each micro-batch of the archive: notices, milliseconds, and those that it left unread."""

    def told() -> list[Found] | None:
        sql = """SELECT p.rows, p.trigger_ms, p.behind, p.started_at FROM stream_progress p
                 WHERE p.query = 'archive_camera_status' AND p.rows > 0 ORDER BY p.started_at"""
        return [row for row in read_rows(lake, sql, STREAM_PROGRESS) if row["started_at"] >= since] or None

    found = wait_for("progress of the archive", told, PATIENCE_S)
    return [{name: row[name] for name in ("rows", "trigger_ms", "behind")} for row in found]


def _rows(lake: Path) -> int:
    held = DeltaTable(lake / CAMERA_STATUS.name).get_add_actions(flatten=True)
    return int(sum(held.column("num_records").to_pylist()))
