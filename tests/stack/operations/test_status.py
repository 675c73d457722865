"""Status out of files and tables made by hand; no program runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from stack.operations.counts import end_offsets, lag, read_lake
from stack.operations.status import read_status
from stack.programs.health import health_problem
from stack.programs.programs import names
from stack.site.installation import Installation

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class FixedClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


STREAM = {"queries": {"detect_objects": {"offsets": {"pycturestream": {"0": 40, "1": 55}}}}}


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation.from_env(
        {"PYCTURESTREAM_DATA": str(tmp_path), "PYCTURESTREAM_KAFKA_PORT": "1"}, tmp_path
    )


def write(path: Path, said: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said))


def write_detections(lake: Path, rows: list[tuple[int, str, str, datetime]]) -> None:
    """Rows of offset, layer, status and finished_at."""
    time = pa.timestamp("us", "UTC")
    names = ("topic", "topic_id", "frame_id", "run_id")
    schema = pa.schema({
        **dict.fromkeys(names, pa.string()), "partition": pa.int32(), "offset": pa.int64(),
        "appended_at": time, "layer": pa.string(), "status": pa.string(), "finished_at": time,
    })  # fmt: skip
    known = {"topic": "pycturestream", "topic_id": "id", "partition": 0, "appended_at": NOON, "run_id": "r"}
    said = [
        {
            **known,
            "frame_id": str(row[0]),
            **dict(zip(("offset", "layer", "status", "finished_at"), row, strict=True)),
        }
        for row in rows
    ]
    said += [{**row, "topic": "synthetic"} for row in said]
    write_deltalake(lake / "detections", pa.Table.from_pylist(said, schema=schema))


def test_nothing_there_gives_zeros_and_nulls(here: Installation) -> None:
    stopped = {"state": "stopped", "restarts": 0, "rss_mb": 0.0, "url": None}
    assert read_status(here, FixedClock(NOON)).to_json() == {
        "programs": [{"name": name, **stopped} for name in names(here)],
        "frames": dict.fromkeys(("captured", "received", "analysed", "skipped", "corrupt", "expired"), 0),
        "lag": None,
        "last_result_age_s": None,
        "airflow": None,
    }


def test_every_count_comes_from_its_own_source(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.operations.status.end_offsets", lambda _: {0: 41, 1: 60})
    write(here.settings.run / "stream.json", STREAM)
    write(here.settings.run / "capture.json", {"cameras": {"a": {"captured": 70}, "b": {"captured": 33}}})
    statuses = ["detected"] * 3 + ["skipped_stale", "skipped_superseded", "corrupt", "too_large", "malformed"]
    times = [NOON - timedelta(seconds=9 - number) for number in range(len(statuses) + 1)]
    rows = [
        (number, "speed", *pair) for number, pair in enumerate(zip([*statuses, "failed"], times, strict=True))
    ]
    rows += [(4, "batch", "detected", NOON), (4, "batch", "detected", NOON)]  # skipped, and analysed since
    write_detections(here.settings.lake, rows)
    gone = {"query": ["detect_objects", "archive_frames"], "from_offset": [2, 0], "to_offset": [9, 100]}
    write_deltalake(here.settings.lake / "expired_ranges", pa.table(gone))
    seen = read_status(here, FixedClock(NOON)).to_json()
    assert seen["frames"] == {
        "captured": 103,
        "received": 101,
        "analysed": 4,
        "skipped": 1,
        "corrupt": 4,
        "expired": 7,
    }
    assert (seen["lag"], seen["last_result_age_s"]) == (6, 1.0)


@pytest.mark.parametrize("said", [{}, {"queries": None}, {"queries": {"detect_objects": {"offsets": []}}}])
def test_lag_is_unknown_when_the_stream_does_not_say(said: dict[str, object]) -> None:
    assert lag({0: 4}, said) is None


def test_a_partition_that_was_never_read_lags_wholly() -> None:
    assert lag({0: 41, 1: 60, 2: 5}, STREAM) == 11


def test_a_table_without_rows_counts_zero(tmp_path: Path) -> None:
    write_detections(tmp_path, [])
    counts = read_lake(tmp_path)
    assert (counts.by_status, counts.expired, counts.newest) == ({}, 0, None)


def test_a_broker_that_is_away_has_no_offsets() -> None:
    assert end_offsets("127.0.0.1:1") == {}


def stream_said(state: str, seconds_ago: float) -> dict[str, str]:
    return {"state": state, "updated_at": (NOON - timedelta(seconds=seconds_ago)).isoformat()}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (stream_said("running", 2), None),
        (stream_said("starting", 2), "starting"),
        ({**stream_said("running", 2), "paused": "no room"}, "no room"),
        (stream_said("running", 60), "no sign of life for 60 s"),
        ({"state": "running", "updated_at": "yesterday"}, "loading"),
        (["not", "an", "object"], "loading"),
    ],
)
def test_health_is_what_the_stream_says_while_it_is_fresh(
    here: Installation, said: object, why: str | None
) -> None:
    write(here.settings.run / "stream.json", said)
    assert health_problem(here, "stream", FixedClock(NOON)) == why


def test_what_a_crashed_predecessor_said_does_not_count(here: Installation) -> None:
    write(here.settings.run / "stream.json", {"pid": 7, **stream_said("running", 1)})
    assert health_problem(here, "stream", FixedClock(NOON), pid=7) is None
    assert health_problem(here, "stream", FixedClock(NOON), pid=8) == "loading"
