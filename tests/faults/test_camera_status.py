"""What agents say of their cameras comes through a real Kafka and Spark into the tables."""

from __future__ import annotations

import pytest

from benchmarks.support.running.system import System
from benchmarks.support.running.wire import Record, send
from lake.contracts.wire_format import STATUS_TOPIC
from lake.schema.schemas import CAMERA_REGISTRATIONS
from lake.storage.reader import read_rows
from tests.faults.notices import NONSENSE, notice, notices_stored

pytestmark = pytest.mark.system

HOSTILE = "<img src=x onerror=alert(1)>"


def test_notices_are_stored_once_and_nonsense_among_them_stops_nothing(system: System) -> None:
    starts = system.stream.starts
    said = [
        notice("told", 1, name=HOSTILE, place="Hall", source="0"),
        Record(b"told", NONSENSE),
        Record(b"told", None),
        notice("told", 2, name=HOSTILE, place="Yard", source="0"),
    ]
    places = send(system.broker.address, said, STATUS_TOPIC)
    notices_stored(system, [places[0], places[3]])
    sql = "SELECT name, place FROM camera_registrations WHERE camera_id = 'told' ORDER BY since, \"offset\""
    rows = system.wait("registrations", lambda: read_rows(system.lake, sql, CAMERA_REGISTRATIONS))
    assert rows == [{"name": HOSTILE, "place": "Hall"}, {"name": HOSTILE, "place": "Yard"}]
    assert system.stream.said("2 records of camera-status are no notices and left out")
    assert system.stream.starts == starts, "the stream itself lived on"
