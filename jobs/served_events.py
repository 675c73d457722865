"""What a lake holds as events, in the order of time: every object that reports count, and frames without any.

Read without a JVM, a UTC day at a time, over tables as they were at one moment. An object is there where its
score reaches the report threshold; a frame whose hour is held and was never published is not served, and is
left out with its objects. A frame that came after its hour was published is told once that is counted anew,
unless it shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from lake.batch_schemas import UNKNOWN_CAMERA
from lake.contracts import Status, rfc3339
from lake.open_tables import Opened, OpenTables
from lake.questions import days_near
from lake.sql_words import quoted
from lake.view import for_datafusion
from lake.views import with_views

READ: Final = ("published_objects", "publications", "detections")
EMPTY: Final = for_datafusion("""
    SELECT f.observed_at, f.camera_id, NULL AS label, f.frame_id, 0 AS object_number
    FROM ({frames}) f
    LEFT ANTI JOIN (SELECT o.frame_id FROM (SELECT d.frame_id, posexplode(d.objects) AS (number, seen)
                                            FROM ({frames}) d) o
                    WHERE CAST(o.seen.score AS DOUBLE) >= {{threshold}}) s ON f.frame_id = s.frame_id
    LEFT ANTI JOIN (SELECT p.hour, p.camera_id FROM publication_states p WHERE p.serving = 'nothing') n
      ON f.hour = n.hour AND f.camera_id = n.camera_id""")
FRAMES: Final = f"""
    SELECT c.observed_at, coalesce(c.camera_id, '{UNKNOWN_CAMERA}') AS camera_id, c.frame_id, c.objects,
           date_trunc('hour', c.observed_at) AS hour
    FROM current_detections c
    WHERE c.day = DATE '{{day}}' AND c.status = '{Status.DETECTED}' AND NOT c.is_duplicate
      AND c.replay_id IS NULL"""
OBJECTS: Final = """
    SELECT v.observed_at, v.camera_id, v.label, v.frame_id, v.object_number
    FROM objects v WHERE v.day = DATE '{day}'"""

ServedEvent = tuple[datetime, str, str | None]
"""Moment, camera id and label; no label for a frame without objects."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which events are asked for.

    Attributes:
        first, last: UTC, half-open; None for all that there is.
        cameras: only these; none means all.
    """

    first: datetime | None = None
    last: datetime | None = None
    cameras: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        """Condition on the events, alias `e`."""
        said = ["TRUE"]
        if self.first is not None:
            said.append(f"e.observed_at >= TIMESTAMP '{rfc3339(self.first)}'")
        if self.last is not None:
            said.append(f"e.observed_at < TIMESTAMP '{rfc3339(self.last)}'")
        if self.cameras:
            said.append(f"e.camera_id IN ({', '.join(map(quoted, sorted(self.cameras)))})")
        return " AND ".join(said)

    def holds(self, day: date) -> bool:
        """Whether a UTC day has a part in it."""
        after = self.first is None or day >= self.first.date()
        return after and (self.last is None or day <= self.last.date())


def served_events(
    root: Path, span: Span, threshold: float, clock: Callable[[], datetime]
) -> Iterator[ServedEvent]:
    """The events of a span, one for each object and each frame without any.

    Args:
        root: root folder of the tables.
        span: which are asked for.
        threshold: 0.2 to 1, least score.
        clock: the time now, UTC.

    Raises:
        LakeUnreadableError: a file is gone or broken.
    """
    opened = OpenTables(root, clock, READ).now()
    if not opened.has(*READ):
        return
    days = {day for name in ("published_objects", "detections") for day in opened.files[name]}
    for day in sorted(day for day in days if span.holds(day)):
        for batch in opened.batches(_statement(opened, span, day).format(threshold=f"{threshold:f}")):
            columns = (batch[name].to_pylist() for name in ("observed_at", "camera_id", "label"))
            yield from zip(*columns, strict=True)


def _statement(opened: Opened, span: Span, day: date) -> str:
    """The events of a day; files of other days are left out before anything is read."""
    parts = OBJECTS.format(day=day), EMPTY.format(frames=FRAMES.format(day=day))
    every = f"SELECT e.* FROM ({' UNION ALL '.join(parts)}) e WHERE {span.where}"
    near = ", ".join(f"DATE '{one}'" for one in days_near([day]))
    instead = {
        "detections": f"SELECT t.* FROM detections t WHERE t.day IN ({near})",
        "publications": f"SELECT t.* FROM publications t WHERE t.day = DATE '{day}'",
    }
    live = f"w.day = DATE '{day}'" if day in opened.live_days else "FALSE"
    order = "e.observed_at, e.camera_id, e.frame_id, e.object_number"
    return with_views(f"{every} ORDER BY {order}", live, instead)
