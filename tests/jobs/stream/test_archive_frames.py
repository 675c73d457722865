from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs.stream.archive_frames import StorageTask
from lake.contracts.wire_format import rfc3339
from lake.storage.tables import Lake
from tests.conftest import at

pytestmark = pytest.mark.spark

HEADERS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())]))
KAFKA = pa.schema(
    [("topic", pa.string()), ("partition", pa.int32()), ("offset", pa.int64()),
     ("timestamp", pa.timestamp("us", "UTC")), ("key", pa.binary()), ("value", pa.binary()),
     ("headers", HEADERS)]
)  # fmt: skip
PICTURE = b"\xff\xd8picture"


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    made = Lake(tmp_path)
    made.create(spark)
    return made


def batch(*offsets: int, **said: Any) -> pa.RecordBatch:
    taken = rfc3339(at("23:59:59")).encode()
    headers = [{"key": "schema", "value": b"frame/1"}, {"key": "captured_at", "value": taken},
               {"key": "sent_at", "value": taken}]  # fmt: skip
    row = {"topic": "frames", "partition": 3, "timestamp": at("00:00:01", day="2026-01-03"), "key": b"door",
           "value": PICTURE, "headers": headers} | said  # fmt: skip
    return pa.RecordBatch.from_pylist([{**row, "offset": offset} for offset in offsets], KAFKA)


def store(lake: Lake, batch_id: int, *batches: pa.RecordBatch) -> None:
    assert list(StorageTask(lake, {"frames": "id"}, "UTC", "archive", batch_id).store(iter(batches))) == []


def stored(lake: Lake) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = DeltaTable(lake.root / "frames").to_pyarrow_table().to_pylist()
    return sorted(rows, key=lambda row: (row["partition"], row["offset"]))


def test_every_byte_is_kept_under_the_day_it_was_taken(lake: Lake) -> None:
    store(lake, 0, batch(5), batch(6, 7))
    rows = stored(lake)
    assert [(row["offset"], str(row["day"])) for row in rows] == [(5, "2026-01-02"), (6, "2026-01-02"),
                                                                  (7, "2026-01-02")]  # fmt: skip
    names = ("topic", "topic_id", "partition", "camera_id", "key", "bytes")
    assert [rows[0][name] for name in names] == ["frames", "id", 3, "door", b"door", 9]
    assert (rows[0]["value"], rows[0]["sha256"]) == (PICTURE, hashlib.sha256(PICTURE).hexdigest())
    assert rows[0]["headers"][0] == {"key": "schema", "value": b"frame/1"}
    assert (rows[0]["observed_at"], rows[0]["problem"]) == (at("23:59:59"), None)


def test_a_task_that_runs_again_stores_nothing_again(lake: Lake) -> None:
    store(lake, 4, batch(1, 2))
    store(lake, 4, batch(1, 2))
    store(lake, 5, batch(3))
    assert [row["offset"] for row in stored(lake)] == [1, 2, 3]


def test_partitions_of_one_batch_are_stored_each_on_its_own(lake: Lake) -> None:
    store(lake, 0, batch(1))
    store(lake, 0, batch(1, partition=4))
    assert [row["partition"] for row in stored(lake)] == [3, 4]


def test_records_without_a_value_key_or_headers_are_kept_as_they_are(lake: Lake) -> None:
    store(lake, 0, batch(1, value=None, key=None, headers=None))
    (row,) = stored(lake)
    names = ("value", "key", "headers", "sha256", "bytes", "camera_id")
    assert {name: row[name] for name in names} == dict.fromkeys(names) | {"bytes": 0}
    assert row["problem"] == "neither headers of frame/1 nor JSON of the first version"


def test_where_nothing_is_lacking_nothing_is_committed(lake: Lake) -> None:
    version = DeltaTable(lake.root / "frames").version()
    nothing: Iterator[pa.RecordBatch] = iter([batch()])
    store(lake, 0, *nothing)
    assert DeltaTable(lake.root / "frames").version() == version


def test_statistics_find_records_and_spare_the_pictures(lake: Lake) -> None:
    store(lake, 0, batch(5, 9))
    adds = pa.table(DeltaTable(lake.root / "frames").get_add_actions(flatten=True)).to_pylist()
    assert [(add["min.offset"], add["max.offset"], add["num_records"]) for add in adds] == [(5, 9, 2)]
    assert not [name for name in adds[0] if name.endswith(".value")]
