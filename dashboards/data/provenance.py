"""Origin of an object: its record, its bytes, its analyses, its detector, and the decision about it."""

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
    """A record key is invalid."""


@dataclass(frozen=True, slots=True)
class Record:
    """Place of a frame: UTC day of its partition, and its place in Kafka."""

    day: date
    topic_id: str
    partition: int
    offset: int

    @classmethod
    def read(cls, day: str, topic_id: str, partition: str, offset: str) -> Self:
        """Parse the parts of a record key from an address.

        Raises:
            RecordError: they name no record.
        """
        try:
            read = date.fromisoformat(day) if re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII) else None
        except ValueError:
            read = None
        numbers = all(re.fullmatch(r"[0-9]{1,19}", number) for number in (partition, offset))
        if read is None or not TOPIC_ID.fullmatch(topic_id) or not numbers:
            raise RecordError("a record is named by its day, topic id, partition and offset")
        if int(partition) > MOST_PARTITION or int(offset) > MOST_OFFSET:
            raise RecordError(f"partition {partition} or offset {offset} is larger than Kafka counts")
        return cls(read, topic_id, int(partition), int(offset))

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """Return the record of a row."""
        return cls(row["day"], row["topic_id"], row["partition"], row["offset"])

    @property
    def where(self) -> str:
        """Return the SQL condition over the alias `r`."""
        return (
            f"r.day = DATE '{self.day.isoformat()}' AND r.topic_id = {quoted(self.topic_id)} "
            f"AND r.partition = {self.partition} AND r.offset = {self.offset}"
        )

    @property
    def key(self) -> str:
        """Return its four parts separated by slashes, as `read` takes them."""
        return f"{self.day.isoformat()}/{self.topic_id}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything known of a frame.

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
        """Return a row with what is the same in the frame and its analyses."""
        return self.frame or self.analyses[0]


def find_record(explorer: Explorer, frame_id: str, first: date, last: date) -> Record | None:
    """Find the record of a frame; if it was sent twice, the first by append time.

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
            rows = explorer.ask(f"{sql} AND r.frame_id = {quoted(frame_id)} ORDER BY r.appended_at LIMIT 1")
            if rows:
                return Record.of(rows[0])
    return None


def provenance(explorer: Explorer, record: Record) -> Provenance | None:
    """Return everything known of a record, or None."""
    frame = _first(explorer, "frames", f"SELECT {_columns(ABOUT)} FROM frames r WHERE {record.where}")
    analyses = _analyses(explorer, record)
    if not frame and not analyses:
        return None
    run_id = analyses[0]["run_id"] if analyses else None
    named = f"SELECT r.* FROM detector_runs r WHERE r.run_id = {quoted(run_id)}" if run_id else ""
    run = _first(explorer, "detector_runs", named) if named else {}
    versions = {name: version for name in READ if (version := explorer.version(name)) is not None}
    decided = _publication(explorer, frame or analyses[0])
    return Provenance(record, frame, analyses, run, decided, versions)


READ: Final = ("frames", "detections", "detector_runs", "published_objects", "publications")


def picture_row(explorer: Explorer, record: Record) -> dict[str, Any]:
    """Return the columns of a stored frame needed to draw it; empty if there is none.

    Of an imported frame, which never had a picture, only the topic is known.
    """
    sql = f"SELECT r.topic, r.format, r.value, r.bytes FROM frames r WHERE {record.where}"
    stored = _first(explorer, "frames", sql + " ORDER BY r.appended_at DESC")
    imported = f"SELECT r.topic FROM detections r WHERE {record.where} AND r.topic = '{IMPORTED_TOPIC}'"
    return stored or _first(explorer, "detections", imported)


def current_objects(explorer: Explorer, record: Record, threshold: float) -> list[dict[str, Any]]:
    """Return objects of the analysis that counts, with at least this score."""
    analyses = _analyses(explorer, record)
    objects = analyses[0]["objects"] if analyses and analyses[0]["objects"] else []
    return [item for item in objects if item["score"] is not None and item["score"] >= threshold]


def _analyses(explorer: Explorer, record: Record) -> list[dict[str, Any]]:
    """Return all analyses of a record, the one that counts first."""
    if not explorer.has("detections"):
        return []
    ours = f"(SELECT r.* FROM detections r WHERE {record.where})"
    rows = explorer.ask(f"SELECT r.* FROM {ours} r")
    chosen = {
        (row["run_id"], row["finished_at"], row["layer"]) for row in explorer.ask(current_detections(ours))
    }
    return sorted(rows, key=lambda row: (row["run_id"], row["finished_at"], row["layer"]) not in chosen)


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
    rows = explorer.ask(f"{sql} LIMIT 1") if explorer.has(table) else []
    return rows[0] if rows else {}


def days_around(day: date, days: int) -> tuple[date, date]:
    """Return the days so many before and after, clamped to valid dates."""
    span = timedelta(days=days)
    return max(day, date.min + span) - span, min(day, date.max - span) + span
