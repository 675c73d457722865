from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from jobs.records import METADATA, describe_records
from lake.contracts import Frame, rfc3339
from tests.conftest import at

pytestmark = pytest.mark.spark

KAFKA_DDL = (
    "key BINARY, value BINARY, topic STRING, partition INT, offset BIGINT, timestamp TIMESTAMP,"
    " headers ARRAY<STRUCT<key: STRING, value: BINARY>>"
)


def record(offset: int, **said: Any) -> tuple[Any, ...]:
    """A record of camera `door` appended at 11:00:01, captured at 11:00:00, sent half a second later."""
    headers = {"schema": b"frame/1", "frame_id": b"door/s/1", "captured_at": rfc3339(at("11:00:00")).encode(),
               "sent_at": rfc3339(at("11:00:00.5")).encode(), "sequence": b"1"}  # fmt: skip
    headers |= said.get("headers", {})
    kept = [(name, value) for name, value in headers.items() if value is not None]
    return (said.get("key", b"door"), said.get("value", b"\xff\xd8"), "pycturestream", 0, offset,
            said.get("appended", at("11:00:01")), kept if "plain" not in said else None)  # fmt: skip


def describe(spark: SparkSession, *records: tuple[Any, ...]) -> list[Row]:
    described = describe_records(spark.createDataFrame(list(records), KAFKA_DDL), "id", "Europe/Berlin")
    return described.select(*METADATA).orderBy("offset").collect()


def utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def test_a_frame_says_who_took_it_and_when(spark: SparkSession) -> None:
    (row,) = describe(spark, record(5))
    assert (row.camera_id, row.frame_id, row.format, row.problem) == ("door", "door/s/1", "frame/1", None)
    assert (utc(row.observed_at), row.clock_skewed) == (at("11:00:00"), False)
    assert (row.topic_id, row.partition, row.offset, row.bytes, row.sequence) == ("id", 0, 5, 2, 1)


def test_headers_as_the_agent_writes_them_are_read_back(spark: SparkSession) -> None:
    frame = Frame("door", "abc", 7, at("10:59:59.123456"), 1280, 720, b"\xff\xd8\xff", motion=0.03125)
    written = dict(frame.headers(at("11:00:00.654321")))
    (row,) = describe(spark, record(0, headers=written))
    assert (row.frame_id, row.session, row.sequence) == ("door/abc/7", "abc", 7)
    assert (row.width, row.height, row.motion) == (1280, 720, 0.0312)
    assert utc(row.captured_at) == at("10:59:59.123456")
    assert utc(row.sent_at) == at("11:00:00.654321")


def test_a_picture_that_waited_in_the_buffer_keeps_its_own_hour(spark: SparkSession) -> None:
    waited = {"captured_at": b"2026-01-02T09:30:00Z"}
    (row,) = describe(spark, record(0, headers=waited))
    assert (utc(row.observed_at), row.clock_skewed) == (at("09:30"), False)


def test_a_clock_two_hours_ahead_is_corrected(spark: SparkSession) -> None:
    ahead = {"captured_at": b"2026-01-02T12:59:58Z", "sent_at": b"2026-01-02T13:00:00Z"}
    (row,) = describe(spark, record(0, headers=ahead))
    assert (utc(row.observed_at), row.clock_skewed) == (at("10:59:59"), True)


@pytest.mark.parametrize("captured", [b"2199-12-31T23:59:59Z", b"1970-01-01T00:00:00Z"])
def test_an_impossible_capture_time_gives_way_to_the_append_time(
    spark: SparkSession, captured: bytes
) -> None:
    (row,) = describe(spark, record(0, headers={"captured_at": captured}))
    assert (utc(row.observed_at), row.clock_skewed, row.problem) == (at("11:00:01"), True, None)


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
def test_a_record_that_is_no_frame_says_why(spark: SparkSession, said: dict[str, Any], problem: str) -> None:
    (row,) = describe(spark, record(0, **said))
    assert row.problem == problem
    assert utc(row.observed_at) == at("11:00:01") or row.format is not None


def legacy(timestamp: str) -> tuple[Any, ...]:
    value = f'{{"image": "", "timestamp": "{timestamp}", "camera_id": "holger_cam"}}'.encode()
    return record(9, plain=True, key=None, value=value)


def test_a_zone_less_time_of_an_old_client_is_read_in_the_sites_zone(spark: SparkSession) -> None:
    (row,) = describe(spark, legacy("2026-01-02T12:00:00.250000"))  # Berlin is an hour ahead in winter
    assert (row.camera_id, row.format, row.problem) == ("holger_cam", "legacy", None)
    assert utc(row.observed_at) == at("11:00:00.25")
    assert row.client_timestamp == "2026-01-02T12:00:00.250000"
    assert row.frame_id == f"pycturestream/0/9/{int(at('11:00:01').timestamp() * 1e6)}"


def test_an_old_client_is_believed_up_to_48_hours_back(spark: SparkSession) -> None:
    edge = at("12:00:01") - timedelta(hours=48)
    inside, outside = edge.isoformat()[:19], (edge - timedelta(seconds=1)).isoformat()[:19]
    first, second = describe(spark, legacy(inside)), describe(spark, legacy(outside))
    assert (utc(first[0].observed_at), first[0].clock_skewed) == (edge - timedelta(hours=1), False)
    assert (utc(second[0].observed_at), second[0].clock_skewed) == (at("11:00:01"), True)


def test_a_resent_header_and_a_hostile_frame_id_do_not_stop_the_record(spark: SparkSession) -> None:
    twice = record(0, headers={"frame_id": b"a b"})
    twice[6].append(("captured_at", b"other"))
    (row,) = describe(spark, twice)
    assert row.problem is None
    assert row.frame_id.startswith("pycturestream/0/0/")
