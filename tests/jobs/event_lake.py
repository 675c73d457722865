"""A lake without a JVM for tests of imported events, and event files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.support.tables.arrow_tables import write
from jobs.events.event_rows import Form, ReadOptions
from jobs.events.export_events import export_events
from jobs.events.import_events import ImportSummary, import_events
from jobs.events.served_events import Span
from lake.config.settings import Settings
from lake.schema.schemas import TABLES
from lake.storage.reader import read_rows
from tests.conftest import at

NOW = at("12:00", "2026-01-03")
READING = ReadOptions("Europe/Berlin")
Row = Mapping[str, str]


def empty_lake(data: Path) -> Settings:
    """All tables, and nothing in them."""
    settings = Settings(home=data, data=data, time_zone="Europe/Berlin")
    for table in TABLES:
        write(settings.lake, table, [])
    return settings


def row(label: str, said: str, camera: str = "door") -> Row:
    """A row of an event file."""
    return {"event_type": label, "timestamp": said, "camera_id": camera}


def file_of(folder: Path, rows: list[Any], name: str = "events.json") -> Path:
    """An event file as the first version wrote it."""
    path = folder / name
    path.write_text(json.dumps(rows, indent=4))
    return path


def no_spark() -> Any:
    """For what must not need it."""
    raise AssertionError("Spark was started")


def bring_in(
    settings: Settings, file: Path, reading: ReadOptions = READING, now: datetime = NOW
) -> ImportSummary:
    """Import without publishing."""
    return import_events(settings, file, reading, no_spark, lambda: now, publish=False)


def take_out(settings: Settings, file: Path, **more: Any) -> list[Row]:
    """Rows of an export."""
    told: dict[str, Any] = {"zone": "Europe/Berlin", "form": Form.LIST, "overwrite": True}
    span, threshold = more.pop("span", Span()), more.pop("threshold", 0.5)
    count = export_events(settings.lake, file, span, threshold, lambda: NOW, **told | more)
    found: list[Row] = json.loads(file.read_text())
    assert len(found) == count
    return found


def counted(rows: list[Row]) -> Counter[tuple[str, ...]]:
    """Rows in any order."""
    return Counter(tuple(one[key] for key in ("event_type", "timestamp", "camera_id")) for one in rows)


def contents(root: Path) -> dict[str, list[str]]:
    """Rows of every table as texts, sorted."""
    found = {table.name: read_rows(root, f"SELECT * FROM {table.name}", table) for table in TABLES}
    return {name: sorted(map(str, rows)) for name, rows in found.items() if rows}
