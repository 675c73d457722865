from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from py4j.protocol import Py4JNetworkError

from benchmarks.support.tables.arrow_tables import write
from jobs.stream.progress import ProgressListener, StreamProgress, progress_row
from lake.schema.schemas import STREAM_PROGRESS
from lake.storage.reader import read_rows
from tests.conftest import at


def progress(number: int = 4, **other: Any) -> dict[str, Any]:
    """As Spark 4.2 writes it of a query on two topics."""
    return {
        "id": "f8891e4b-44ba-4dd5-b5f1-ce7e2ad146d4", "runId": "9288e178-e091-4325-919b-9a657c446b1f",
        "name": "archive_detections", "timestamp": "2026-01-02T23:59:59.133Z", "batchId": number,
        "batchDuration": 564, "numInputRows": 20, "inputRowsPerSecond": 8.3, "processedRowsPerSecond": 17.3,
        "durationMs": {
            "addBatch": 492, "commitOffsets": 17, "getBatch": 0, "latestOffset": 2, "queryPlanning": 18,
            "triggerExecution": 564, "walCommit": 35,
        },
        "stateOperators": [],
        "sources": [{
            "description": "KafkaV2[Subscribe[resultstream,frame-outcomes]]",
            "startOffset": {"resultstream": {"0": 5, "1": 7}, "frame-outcomes": {"0": 1, "1": 0}},
            "endOffset": {"resultstream": {"0": 9, "1": 7}, "frame-outcomes": {"0": 4, "1": 3}},
            "latestOffset": {"resultstream": {"0": 9, "1": 8}, "frame-outcomes": {"0": 54, "1": 3}},
            "numInputRows": 20, "inputRowsPerSecond": 8.3, "processedRowsPerSecond": 17.3,
        }],
        "sink": {"description": "ForeachBatchSink", "numOutputRows": -1},
        **other,
    }  # fmt: skip


ROW = {
    "query": "archive_detections", "batch_id": 4, "run_id": "run", "started_at": at("23:59:59.133"),
    "rows": 10, "trigger_ms": 564, "add_batch_ms": 492, "planning_ms": 18, "logs_ms": 52, "behind": 51,
    "day": at("23:59").date(),
}  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    write(tmp_path, STREAM_PROGRESS, [])
    return tmp_path


def stored(lake: Path) -> list[int]:
    rows = read_rows(lake, "SELECT batch_id FROM stream_progress ORDER BY batch_id", STREAM_PROGRESS)
    return [row["batch_id"] for row in rows]


def tell(waiting: StreamProgress, *numbers: int) -> None:
    for number in numbers:
        waiting.tell(json.dumps(progress(number)))


def test_a_row_counts_each_record_once_and_what_the_broker_still_had() -> None:
    assert progress_row(progress(), "run") == ROW
    assert list(ROW) == STREAM_PROGRESS.columns


def test_a_first_batch_that_read_twice_or_found_its_beginning_gone_counts_what_it_read() -> None:
    [source] = progress()["sources"]
    first = progress(0, numInputRows=8, sources=[{**source, "startOffset": None, "latestOffset": None}])
    assert progress_row(first, "run") == {**ROW, "batch_id": 0, "rows": 8, "behind": 0}
    assert progress_row({**first, "numInputRows": 46}, "run")["rows"] == 23


def test_all_micro_batches_of_a_minute_are_one_commit(lake: Path) -> None:
    waiting = StreamProgress(lake, "run")
    waiting.write()
    assert version(lake) == 0, "nothing is no commit"
    tell(waiting, 4, 5)
    waiting.write()
    waiting.write()
    assert version(lake) == 1
    assert stored(lake) == [4, 5]
    assert read_rows(lake, "SELECT * FROM stream_progress WHERE batch_id = 4", STREAM_PROGRESS) == [ROW]


def version(lake: Path) -> int:
    return len(list((lake / "stream_progress" / "_delta_log").glob("*.json"))) - 1


def test_what_cannot_be_written_waits(lake: Path, caplog: pytest.LogCaptureFixture) -> None:
    waiting = StreamProgress(lake, "run")
    tell(waiting, 1)
    (lake / "stream_progress").rename(lake / "elsewhere")
    waiting.write()
    tell(waiting, 2)
    waiting.write()
    said = [record.getMessage().split(":")[1] for record in caplog.records]
    assert said == [f" {count} micro-batches wait; cannot write" for count in (1, 2)]
    (lake / "elsewhere").rename(lake / "stream_progress")
    waiting.write()
    assert stored(lake) == [1, 2]


def test_of_too_many_the_oldest_are_lost_and_counted(lake: Path, caplog: pytest.LogCaptureFixture) -> None:
    waiting = StreamProgress(lake, "run", max_pending=3)
    tell(waiting, 1, 2, 3, 4)
    assert waiting.waiting == 3
    (lake / "stream_progress").rename(lake / "elsewhere")
    waiting.write()
    tell(waiting, 5, 6)
    (lake / "elsewhere").rename(lake / "stream_progress")
    waiting.write()
    assert stored(lake) == [4, 5, 6]
    lost = [record.getMessage() for record in caplog.records if "lost" in record.getMessage()]
    assert [line.split()[1] for line in lost] == ["1", "2"]


@pytest.mark.parametrize("said", ["{", "{}", "[]", json.dumps(progress(sources=[{"endOffset": 7}]))])
def test_what_cannot_be_read_keeps_nothing_else_from_being_written(
    lake: Path, caplog: pytest.LogCaptureFixture, said: str
) -> None:
    waiting = StreamProgress(lake, "run")
    waiting.tell(said)
    tell(waiting, 4)
    waiting.write()
    assert stored(lake) == [4]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@dataclass
class FakeEvent:
    """Of the JVM: an event whose progress is asked for, and that for its JSON."""

    said: str
    gone: bool = False

    def progress(self) -> FakeEvent:
        return self

    def json(self) -> str:
        if self.gone:
            raise Py4JNetworkError("Answer from Java side is empty")
        return self.said


def test_the_listener_keeps_the_json_and_never_raises(lake: Path) -> None:
    waiting = StreamProgress(lake, "run")
    listener = ProgressListener(waiting)
    listener.onQueryStarted(None)
    listener.onQueryProgress(FakeEvent("", gone=True))
    listener.onQueryProgress(FakeEvent(json.dumps(progress(7))))
    listener.onQueryIdle(None)
    listener.onQueryTerminated(None)
    waiting.write()
    assert stored(lake) == [7]


def test_no_event_is_lost_while_others_are_written(lake: Path) -> None:
    waiting = StreamProgress(lake, "run")
    teller = threading.Thread(target=tell, args=(waiting, *range(2_000)))
    teller.start()
    while teller.is_alive():
        waiting.write()
    waiting.write()
    assert stored(lake) == list(range(2_000))
