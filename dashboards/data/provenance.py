"""Where an object comes from: its record, its bytes, its analyses, its detector, and what was decided."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Self

from dashboards.data.exploring import Explorer
from lake.contracts.camera_hour import UNKNOWN_CAMERA
from lake.contracts.hours import format_hour, hour_of
from lake.contracts.wire_format import IMPORTED_TOPIC
from lake.schema.schemas import FRAMES
from lake.storage.sql_literals import days_between, quoted
from lake.views.current_detections import current_detections
from lake.views.publication_states import publication_states

TOPIC_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
FRAME_ID: Final = re.compile(r"[!-~]{1,400}")
MOST_PARTITION, MOST_OFFSET = 2**31 - 1, 2**63 - 1
ABOUT: Final = tuple(name for name in FRAMES.columns if name not in ("key", "value"))
"""Columns of a frame without its bytes, which are read only to be drawn."""


class RecordError(ValueError):
    """Words that cannot name a record."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where a frame lies: UTC day of its partition, and its place in Kafka."""

    day: date
    topic_id: str
    partition: int
    offset: int

    @classmethod
    def read(cls, day: str, topic_id: str, partition: str, offset: str) -> Self:
        """Check words from an address.

        Raises:
            RecordError: they name no record.
        """
        try:
            read = date.fromisoformat(day) if re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII) else None
        except ValueError:
            read = None
        numbers = all(re.fullmatch(r"[0-9]{1,19}", one) for one in (partition, offset))
        if read is None or not TOPIC_ID.fullmatch(topic_id) or not numbers:
            raise RecordError("a record is named by its day, topic id, partition and offset")
        if int(partition) > MOST_PARTITION or int(offset) > MOST_OFFSET:
            raise RecordError(f"partition {partition} or offset {offset} is larger than Kafka counts")
        return cls(read, topic_id, int(partition), int(offset))

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """The record of a row."""
        return cls(row["day"], row["topic_id"], row["partition"], row["offset"])

    @property
    def where(self) -> str:
        """SQL over the alias `r`."""
        return (
            f"r.day = DATE '{self.day.isoformat()}' AND r.topic_id = {quoted(self.topic_id)} "
            f"AND r.partition = {self.partition} AND r.offset = {self.offset}"
        )

    @property
    def key(self) -> str:
        """Its four words with slashes between, as `read` takes them."""
        return f"{self.day.isoformat()}/{self.topic_id}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """All that is known of a frame.

    Attributes:
        frame: columns ABOUT of `frames`; empty once retention took it.
        analyses: its rows of `detections`, the one that counts first.
        run: row of `detector_runs` of that one; empty where it is not stored.
        publication: newest decision about its hour and camera, with `serving`; empty where there is none.
        versions: table → Delta version that was read.
    """

    record: Record
    frame: dict[str, Any]
    analyses: list[dict[str, Any]]
    run: dict[str, Any] = field(default_factory=dict)
    publication: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def origin(self) -> dict[str, Any]:
        """What is the same in the frame and its analyses."""
        return self.frame or self.analyses[0]


def find_record(explorer: Explorer, frame_id: str, first: date, last: date) -> Record | None:
    """The record of a frame; of one that was sent twice, the first by append time.

    Args:
        explorer: the open tables.
        frame_id: as the address has it.
        first: UTC day from which on it is looked for.
        last: UTC day, included.
    """
    if not FRAME_ID.fullmatch(frame_id):
        return None
    days = days_between("r", first, last)
    for table in ("detections", "frames", "published_objects"):
        if explorer.has(table):
            sql = f"SELECT r.day, r.topic_id, r.partition, r.offset FROM {table} r WHERE {days} "
            found = explorer.ask(f"{sql} AND r.frame_id = {quoted(frame_id)} ORDER BY r.appended_at LIMIT 1")
            if found:
                return Record.of(found[0])
    return None


def provenance(explorer: Explorer, record: Record) -> Provenance | None:
    """All that is known of a record; None where nothing is."""
    frame = _first(explorer, "frames", f"SELECT {_columns(ABOUT)} FROM frames r WHERE {record.where}")
    found = _analyses(explorer, record)
    if not frame and not found:
        return None
    run_id = found[0]["run_id"] if found else None
    named = f"SELECT r.* FROM detector_runs r WHERE r.run_id = {quoted(run_id)}" if run_id else ""
    run = _first(explorer, "detector_runs", named) if named else {}
    versions = {name: version for name in READ if (version := explorer.version(name)) is not None}
    decided = _publication(explorer, frame or found[0])
    return Provenance(record, frame, found, run, decided, versions)


READ: Final = ("frames", "detections", "detector_runs", "published_objects", "publications")


def picture_row(explorer: Explorer, record: Record) -> dict[str, Any]:
    """What drawing needs of a stored frame: topic, format and value; empty where there is none.

    Of an imported frame, which never had a picture, only the topic is known.
    """
    sql = f"SELECT r.topic, r.format, r.value, r.bytes FROM frames r WHERE {record.where}"
    stored = _first(explorer, "frames", sql + " ORDER BY r.appended_at DESC")
    imported = f"SELECT r.topic FROM detections r WHERE {record.where} AND r.topic = '{IMPORTED_TOPIC}'"
    return stored or _first(explorer, "detections", imported)


def current_objects(explorer: Explorer, record: Record, threshold: float) -> list[dict[str, Any]]:
    """Objects of the analysis that counts, with at least this score."""
    found = _analyses(explorer, record)
    seen = found[0]["objects"] if found and found[0]["objects"] else []
    return [one for one in seen if one["score"] is not None and one["score"] >= threshold]


def _analyses(explorer: Explorer, record: Record) -> list[dict[str, Any]]:
    """All analyses of a record, the one that counts first."""
    if not explorer.has("detections"):
        return []
    ours = f"(SELECT r.* FROM detections r WHERE {record.where})"
    rows = explorer.ask(f"SELECT r.* FROM {ours} r")
    chosen = {
        (one["run_id"], one["finished_at"], one["layer"]) for one in explorer.ask(current_detections(ours))
    }
    return sorted(rows, key=lambda one: (one["run_id"], one["finished_at"], one["layer"]) not in chosen)


def _publication(explorer: Explorer, row: dict[str, Any]) -> dict[str, Any]:
    if not explorer.has("publications") or row["observed_at"] is None:
        return {}
    hour = hour_of(row["observed_at"])
    where = (
        f"p.day = DATE '{hour.date().isoformat()}' AND p.hour = TIMESTAMP '{format_hour(hour)}' "
        f"AND p.camera_id = {quoted(row['camera_id'] or UNKNOWN_CAMERA)}"
    )
    return _first(explorer, "publications", publication_states(where=where))


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(f"r.{name}" for name in names)


def _first(explorer: Explorer, table: str, sql: str) -> dict[str, Any]:
    found = explorer.ask(f"{sql} LIMIT 1") if explorer.has(table) else []
    return found[0] if found else {}


def days_around(day: date, days: int) -> tuple[date, date]:
    """So many days before and after, within what a date can be."""
    span = timedelta(days=days)
    return max(day, date.min + span) - span, min(day, date.max - span) + span
