from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.stream.disk_guard import DiskGuard
from jobs.stream.health import StreamHealth, last_known_ends
from tests.conftest import at


@dataclass
class Told:
    """Spark's progress, of which only the JSON is asked."""

    said: dict[str, Any]

    def json(self) -> str:
        return json.dumps(self.said)


class FakeQuery:
    def __init__(self, said: dict[str, Any] | None) -> None:
        self._jsq = self
        self._told = None if said is None else Told(said)

    def lastProgress(self) -> Told | None:
        return self._told


@dataclass
class FakeStarted:
    name: str
    query: FakeQuery


def progress(end: Any, latest: Any) -> dict[str, Any]:
    return {
        "batchId": 4, "numInputRows": 3, "durationMs": {"addBatch": 9},
        "sources": [{"endOffset": end, "latestOffset": latest}],
    }  # fmt: skip


def test_the_file_says_how_far_each_query_came(tmp_path: Path) -> None:
    path = tmp_path / "run" / "stream.json"
    queries = [
        FakeStarted("detect_objects", FakeQuery(progress('{"t": {"0": 7}}', '{"t": {"0": 9}}'))),
        FakeStarted("archive_frames", FakeQuery(None)),
    ]
    room = DiskGuard(tmp_path, 0, paused="no room")
    StreamHealth(path, "run-1", "http://127.0.0.1:4040", room).write(queries, at("11:00"))  # type: ignore[arg-type]
    assert json.loads(path.read_text()) == {
        "state": "running",
        "pid": os.getpid(),
        "updated_at": "2026-01-02T11:00:00.000000Z",
        "run_id": "run-1",
        "ui": "http://127.0.0.1:4040",
        "paused": "no room",
        "queries": {
            "detect_objects": {
                "batch": 4, "rows": 3, "offsets": {"t": {"0": 7}}, "latest": {"t": {"0": 9}},
                "duration_ms": {"addBatch": 9},
            },
            "archive_frames": {"batch": None, "rows": 0, "offsets": {}, "latest": {}},
        },
    }  # fmt: skip
    assert last_known_ends(path, "detect_objects") == {("t", 0): 9}
    assert list(path.parent.iterdir()) == [path]


def test_a_query_that_has_not_read_yet_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "stream.json"
    queries = [FakeStarted("detect_objects", FakeQuery(progress("null", None)))]
    StreamHealth(path, "run-1", None, DiskGuard(tmp_path, 0)).write(queries, at("11:00"))  # type: ignore[arg-type]
    assert last_known_ends(path, "detect_objects") == {}
    assert last_known_ends(tmp_path / "none.json", "detect_objects") == {}
