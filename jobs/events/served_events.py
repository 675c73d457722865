"""Read a lake as events, in the order of time: every object that reports count, and frames without any.

Reading needs no JVM and goes by UTC day, over one snapshot of the tables. An object is included where its
score reaches the report threshold; a frame whose hour is held and was never published is not served, and is
left out with its objects. A frame that came after its hour was published is included once that is recounted,
unless it shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.config.lake_location import LakeLocation
from lake.contracts.camera_hour import camera_of_row, days_near, hour_of_row
from lake.contracts.wire_format import Status, rfc3339
from lake.serving.open_tables import OpenTables, TableSnapshot
from lake.storage.sql_literals import quoted
from lake.views.all_views import with_views

READ: Final = ("published_objects", "publications", "detections")
OBJECTS: Final = """
    SELECT v.observed_at, v.camera_id, v.label, v.frame_id, v.object_number
    FROM objects v WHERE v.day = DATE '{day}'"""
FRAMES: Final = f"""
    SELECT c.observed_at, {camera_of_row("c")} AS camera_id, c.frame_id, c.objects
    FROM current_detections c
    LEFT ANTI JOIN (SELECT p.hour, p.camera_id FROM publication_states p WHERE p.serving = 'nothing') n
      ON {hour_of_row("c")} = n.hour
      AND {camera_of_row("c")} = n.camera_id
    WHERE c.day = DATE '{{day}}' AND c.status = '{Status.DETECTED}' AND NOT c.is_duplicate
      AND c.replay_id IS NULL"""
NEARBY_DETECTIONS: Final = """
    SELECT t.* FROM detections t WHERE t.day = DATE '{day}'
    UNION ALL
    SELECT t.* FROM detections t
    LEFT SEMI JOIN (SELECT o.frame_id FROM detections o WHERE o.day = DATE '{day}') d
      ON t.frame_id = d.frame_id
    WHERE t.day IN ({others})"""
"""Of other days only frames that were resent: a search for duplicates among all would read five days."""
ORDER: Final = ("observed_at", "camera_id", "frame_id", "object_number")
SHAPE: Final = pa.schema(
    [
        ("observed_at", pa.timestamp("us", "UTC")),
        ("camera_id", pa.string()),
        ("label", pa.string()),
        ("frame_id", pa.string()),
        ("object_number", pa.int32()),
    ]
)

ServedEvent = tuple[datetime, str, str | None]
"""Moment, camera id and label; no label for a frame without objects."""


@dataclass(frozen=True, slots=True)
class Span:
    """Selection of events.

    Attributes:
        first, last: UTC, half-open; None for no limit.
        cameras: only these; none means all.
    """

    first: datetime | None = None
    last: datetime | None = None
    cameras: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        """SQL condition on objects and frames."""
        conditions = ["TRUE"]
        if self.first is not None:
            conditions.append(f"observed_at >= TIMESTAMP '{rfc3339(self.first)}'")
        if self.last is not None:
            conditions.append(f"observed_at < TIMESTAMP '{rfc3339(self.last)}'")
        if self.cameras:
            conditions.append(f"camera_id IN ({', '.join(map(quoted, sorted(self.cameras)))})")
        return " AND ".join(conditions)

    def holds(self, day: date) -> bool:
        """Return whether a UTC day overlaps the span."""
        after = self.first is None or day >= self.first.date()
        return after and (self.last is None or day <= self.last.date())


def served_events(
    root: LakeLocation, span: Span, threshold: float, clock: Callable[[], datetime]
) -> Iterator[ServedEvent]:
    """Yield the events of a span, one for each object and each frame without any.

    Args:
        root: root folder of the tables.
        span: the selection.
        threshold: minimum score, 0.2 to 1.
        clock: the time now, UTC.

    Raises:
        LakeUnreadableError: a file is missing or broken.
    """
    opened = OpenTables(root, clock, READ).now()
    if not opened.has(*READ):
        return
    days = {day for name in ("published_objects", "detections") for day in opened.files[name]}
    for day in sorted(day for day in days if span.holds(day)):
        objects, frames = (_query_day(opened, sql, span, day, threshold) for sql in (OBJECTS, FRAMES))
        rows = pa.concat_tables([objects.cast(SHAPE), without_objects(frames, threshold)])
        for batch in rows.sort_by([(name, "ascending") for name in ORDER]).to_batches():
            columns = (batch[name].to_pylist() for name in ("observed_at", "camera_id", "label"))
            yield from zip(*columns, strict=True)


def without_objects(frames: pa.Table, threshold: float) -> pa.Table:
    """Return frames on which nothing reaches the threshold, as rows of SHAPE without a label.

    A score is compared as Spark SQL compares it: in 64 bits.
    """
    listed = frames["objects"].combine_chunks()
    score = pc.struct_field(listed.flatten(), "score").cast(pa.float64())
    enough = pc.fill_null(pc.greater_equal(score, threshold), False)
    shows = np.zeros(len(frames), bool)
    shows[pc.list_parent_indices(listed).filter(enough).to_numpy()] = True
    nothing = {name: pa.nulls(len(frames), SHAPE.field(name).type) for name in ("label", "object_number")}
    rows = pa.table({name: nothing[name] if name in nothing else frames[name] for name in SHAPE.names})
    return rows.cast(SHAPE).filter(pa.array(~shows))


def _query_day(opened: TableSnapshot, sql: str, span: Span, day: date, threshold: float) -> pa.Table:
    """Query the rows of a day; files of other days are skipped before anything is read."""
    others = ", ".join(f"DATE '{other_day}'" for other_day in days_near([day]) if other_day != day)
    substitutes = {
        "detections": NEARBY_DETECTIONS.format(day=day, others=others),
        "publications": f"SELECT t.* FROM publications t WHERE t.day = DATE '{day}'",
    }
    live = f"w.day = DATE '{day}'" if day in opened.live_days else "FALSE"
    query = f"SELECT e.* FROM ({sql.format(day=day)}) e WHERE {span.where}"
    return opened.ask(with_views(query, live, substitutes).format(threshold=f"{threshold:f}"))
