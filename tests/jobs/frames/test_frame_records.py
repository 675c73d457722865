from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from jobs.frames.frame_records import METADATA, parse_moment
from jobs.frames.frame_records import describe as described
from lake.contracts.wire_format import Frame, rfc3339
from tests.conftest import at


def record(offset: int, **said: Any) -> dict[str, Any]:
    """A record of camera `door` appended at 11:00:01, captured at 11:00:00, sent half a second later."""
    headers = {"schema": b"frame/1", "frame_id": b"door/s/1", "captured_at": rfc3339(at("11:00:00")).encode(),
               "sent_at": rfc3339(at("11:00:00.5")).encode(), "sequence": b"1"}  # fmt: skip
    headers |= said.get("headers", {})
    kept = [{"key": name, "value": value} for name, value in headers.items() if value is not None]
    return {
        "key": said.get("key", b"door"),
        "value": said.get("value", b"\xff\xd8"),
        "topic": "pycturestream",
        "partition": 0,
        "offset": offset,
        "timestamp": said.get("appended", at("11:00:01")),
        "headers": kept if "plain" not in said else None,
    }


def describe(record: Mapping[str, Any]) -> SimpleNamespace:
    row = described(record, "id", "Europe/Berlin")
    assert sorted(row) == sorted(METADATA)
    return SimpleNamespace(**row)


def test_a_frame_says_who_took_it_and_when() -> None:
    row = describe(record(5))
    assert (row.camera_id, row.frame_id, row.format, row.problem) == ("door", "door/s/1", "frame/1", None)
    assert (row.observed_at, row.clock_skewed) == (at("11:00:00"), False)
    assert (row.topic_id, row.partition, row.offset, row.bytes, row.sequence) == ("id", 0, 5, 2, 1)


def test_headers_as_the_agent_writes_them_are_read_back() -> None:
    frame = Frame("door", "abc", 7, at("10:59:59.123456"), 1280, 720, b"\xff\xd8\xff", motion=0.03125)
    written = dict(frame.headers(at("11:00:00.654321")))
    row = describe(record(0, headers=written))
    assert (row.frame_id, row.session, row.sequence) == ("door/abc/7", "abc", 7)
    assert (row.width, row.height, row.motion) == (1280, 720, 0.0312)
    assert row.captured_at == at("10:59:59.123456")
    assert row.sent_at == at("11:00:00.654321")


def test_a_picture_that_waited_in_the_buffer_keeps_its_own_hour() -> None:
    waited = {"captured_at": b"2026-01-02T09:30:00Z"}
    row = describe(record(0, headers=waited))
    assert (row.observed_at, row.clock_skewed) == (at("09:30"), False)


def test_a_clock_two_hours_ahead_is_corrected() -> None:
    ahead = {"captured_at": b"2026-01-02T12:59:58Z", "sent_at": b"2026-01-02T13:00:00Z"}
    row = describe(record(0, headers=ahead))
    assert (row.observed_at, row.clock_skewed) == (at("10:59:59"), True)


@pytest.mark.parametrize("captured", [b"2199-12-31T23:59:59Z", b"1970-01-01T00:00:00Z"])
def test_an_impossible_capture_time_gives_way_to_the_append_time(captured: bytes) -> None:
    row = describe(record(0, headers={"captured_at": captured}))
    assert (row.observed_at, row.clock_skewed, row.problem) == (at("11:00:01"), True, None)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"plain": True}, "neither headers of frame/1 nor JSON of the first version"),
        ({"plain": True, "value": b""}, "neither headers of frame/1 nor JSON of the first version"),
        ({"key": b"../x"}, "camera id is not allowed: ../x"),
        ({"key": b"door\n"}, "camera id is not allowed: door\n"),
        ({"key": b"\xff\xfe"}, "camera id is not allowed: missing, or not UTF-8"),
        ({"key": None}, "camera id is not allowed: missing, or not UTF-8"),
        ({"headers": {"captured_at": b"NaN"}}, "captured at no time: NaN"),
        ({"headers": {"captured_at": b"9999-12-31T23:59:59Z"}}, "captured at no time: 9999-12-31T23:59:59Z"),
        ({"headers": {"captured_at": b"0001-01-01T00:00:00Z"}}, "captured at no time: 0001-01-01T00:00:00Z"),
        ({"headers": {"captured_at": b"-1"}}, "captured at no time: -1"),
        ({"headers": {"captured_at": b"2026-13-45T99:00:00Z"}}, "captured at no time: 2026-13-45T99:00:00Z"),
        ({"headers": {"captured_at": None}}, "captured at no time: missing, or not UTF-8"),
        ({"headers": {"captured_at": b"\xff\xfe"}}, "captured at no time: missing, or not UTF-8"),
        ({"headers": {"sent_at": b"yesterday"}}, "sent at no time: yesterday"),
        ({"plain": True, "value": b'{"camera_id": 3'}, "camera id is not allowed: missing, or not UTF-8"),
        ({"plain": True, "value": b'{"camera_id": "door"}'}, "captured at no time: missing, or not UTF-8"),
    ],
)
def test_a_record_that_is_no_frame_says_why(said: dict[str, Any], problem: str) -> None:
    row = describe(record(0, **said))
    assert row.problem == problem
    assert row.observed_at == at("11:00:01") or row.format is not None


def legacy(timestamp: str) -> dict[str, Any]:
    value = f'{{"image": "", "timestamp": "{timestamp}", "camera_id": "holger_cam"}}'.encode()
    return record(9, plain=True, key=None, value=value)


def test_a_zone_less_time_of_an_old_client_is_read_in_the_sites_zone() -> None:
    row = describe(legacy("2026-01-02T12:00:00.250000"))  # Berlin is an hour ahead in winter
    assert (row.camera_id, row.format, row.problem) == ("holger_cam", "legacy", None)
    assert row.observed_at == at("11:00:00.25")
    assert row.client_timestamp == "2026-01-02T12:00:00.250000"
    assert row.frame_id == f"pycturestream/0/9/{int(at('11:00:01').timestamp() * 1e6)}"


def test_an_old_client_is_believed_up_to_48_hours_back() -> None:
    edge = at("12:00:01") - timedelta(hours=48)
    inside, outside = edge.isoformat()[:19], (edge - timedelta(seconds=1)).isoformat()[:19]
    first, second = describe(legacy(inside)), describe(legacy(outside))
    assert (first.observed_at, first.clock_skewed) == (edge - timedelta(hours=1), False)
    assert (second.observed_at, second.clock_skewed) == (at("11:00:01"), True)


def test_a_time_is_believed_up_to_five_minutes_ahead_of_the_broker() -> None:
    edge = at("12:05:01")  # 11:05:01 UTC in Berlin; the record was appended at 11:00:01
    first, second = (describe(legacy((edge + timedelta(seconds=more)).isoformat()[:19])) for more in (0, 1))
    assert (first.observed_at, first.clock_skewed) == (at("11:05:01"), False)
    assert (second.observed_at, second.clock_skewed) == (at("11:00:01"), True)


@pytest.mark.parametrize(("sent", "skewed"), [("11:05:01", False), ("11:05:01.000001", True)])
def test_an_agents_clock_is_believed_up_to_five_minutes_ahead(sent: str, skewed: bool) -> None:
    said = {"captured_at": b"2026-01-02T11:00:00Z", "sent_at": rfc3339(at(sent)).encode()}
    assert describe(record(0, headers=said)).clock_skewed is skewed


def test_a_resent_header_and_a_hostile_frame_id_do_not_stop_the_record() -> None:
    twice = record(0, headers={"frame_id": b"a b"})
    twice["headers"].append({"key": "captured_at", "value": b"other"})
    row = describe(twice)
    assert row.problem is None
    assert row.frame_id.startswith("pycturestream/0/0/")


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"sequence": b" 7 "}, {"sequence": 7}),
        ({"sequence": b"7.5"}, {"sequence": None}),
        ({"sequence": b"9223372036854775808"}, {"sequence": None}),
        ({"width": b"2147483648", "height": b"-1"}, {"width": None, "height": -1}),
        ({"width": "\u0664".encode()}, {"width": None}),
        ({"motion": b"NaN"}, {"motion": None}),
        ({"motion": b"1_0"}, {"motion": None}),
        ({"motion": b"much"}, {"motion": None}),
        ({"session": b"s" * 65, "replay_id": b""}, {"session": "s" * 64, "replay_id": None}),
        ({"session": b"\xff"}, {"session": None}),
        ({"frame_id": b"door/1\n"}, {"frame_id": "pycturestream/0/3/1767351601000000"}),
    ],
)
def test_a_header_that_cannot_be_used_is_left_out(said: dict[str, bytes], read: dict[str, Any]) -> None:
    row = described(record(3, headers=said), "id", "UTC")
    assert {name: row[name] for name in read} == read
    assert row["problem"] is None


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-01-02T11:00Z", "11:00"),
        ("2026-01-02 12:00:00+0100", "11:00"),
        ("2026-01-02T11:00:00.123456789Z", "11:00:00.123456"),
    ],
)
def test_times_are_read_as_rfc_3339_writes_them(said: str, moment: str) -> None:
    assert describe(record(0, headers={"captured_at": said.encode()})).captured_at == at(moment)


@pytest.mark.parametrize(
    ("value", "camera"),
    [
        (b'{"camera_id": 3, "timestamp": "2026-01-02T12:00:00"}', "3"),
        (b'{"camera_id": null, "timestamp": "2026-01-02T12:00:00"}', None),
        (b'{"camera_id": "\\ud800", "timestamp": "\\ud800"}', None),
        (b'{"a":' * 100_000, None),
        (b'{"\xff": 1}', None),
    ],
)
def test_hostile_json_of_an_old_client_is_described_and_can_be_stored(
    value: bytes, camera: str | None
) -> None:
    row = describe(record(0, plain=True, key=None, value=value))
    assert (row.camera_id, row.format, row.problem is None) == (camera, "legacy", camera is not None)
    kept = [row.problem, row.client_timestamp]
    assert pa.array(kept, pa.string()).to_pylist() == kept


def test_times_in_the_hours_that_a_clock_change_doubles_or_skips_are_the_earlier_ones() -> None:
    assert parse_moment("2026-10-25T02:30:00", "Europe/Berlin") == at("00:30", day="2026-10-25")
    assert parse_moment("2026-03-29T02:30:00", "Europe/Berlin") == at("01:30", day="2026-03-29")
