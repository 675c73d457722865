"""Health file of the streaming application."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.stream.disk_guard import DiskGuard
from jobs.stream.queries import StartedQuery
from lake.contracts.wire_format import rfc3339
from lake.storage.files import write_atomically


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """Writes the health file; a reader sees the old or the new one, never half."""

    path: Path
    run_id: str
    ui: str | None
    disk_guard: DiskGuard

    def write(self, queries: Iterable[StartedQuery], now: datetime) -> None:
        """Write the state of all queries."""
        report = {
            "state": "running",
            "pid": os.getpid(),
            "updated_at": rfc3339(now),
            "run_id": self.run_id,
            "ui": self.ui,
            "paused": self.disk_guard.paused,
            "queries": {started.name: _progress(started) for started in queries},
        }
        write_atomically(self.path, json.dumps(report))


def _progress(started: StartedQuery) -> dict[str, Any]:
    """Return the last micro-batch; `offsets` is its end, `latest` the broker's newest offset then."""
    last = started.query._jsq.lastProgress()
    if last is None:
        return {"batch": None, "rows": 0, "offsets": {}, "latest": {}}
    # pyspark's own reading makes dozens of JVM calls, 50 ms of processor time; its JSON is one call.
    progress = json.loads(last.json())
    return {
        "batch": progress["batchId"],
        "rows": progress["numInputRows"],
        "offsets": merged_offsets(progress, "endOffset"),
        "latest": merged_offsets(progress, "latestOffset"),
        "duration_ms": progress["durationMs"],
    }


def merged_offsets(progress: Any, name: str) -> dict[str, dict[str, int]]:
    """Merge topic → partition → offset of all sources of a micro-batch; empty where there are none.

    Args:
        progress: of the micro-batch, as Spark or its JSON gives it.
        name: startOffset, endOffset or latestOffset.
    """
    merged: dict[str, dict[str, int]] = {}
    for source in progress["sources"]:
        offsets = source[name]
        merged |= (json.loads(offsets) if isinstance(offsets, str) else offsets) or {}
    return merged


def last_known_ends(path: Path, query: str) -> dict[tuple[str, int], int]:
    """Read the partition ends that a former run last saw; empty when unknown."""
    try:
        latest = json.loads(path.read_text(encoding="utf-8"))["queries"][query]["latest"]
    except (OSError, ValueError, KeyError):
        return {}
    return {(topic, int(part)): int(end) for topic, ends in latest.items() for part, end in ends.items()}
