"""The answers made of tables: each view is one rule, said once, in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

RECORD_KEY: Final = ("topic", "topic_id", "partition", "offset", "appended_at")
QUARANTINED: Final = "'corrupt', 'too_large', 'malformed', 'failed'"


@dataclass(frozen=True, slots=True)
class View:
    """A named query over tables and earlier views; `{threshold}` is the report threshold."""

    name: str
    comment: str
    sql: str


def current_detections(source: str) -> str:
    """SQL of the current row of each record: both SQL engines read it.

    A frame may be analysed more than once. One rule: detected before not detected, then a promoted run
    before the batch run before the speed run, the newest of equals. Of a frame that was sent twice the
    first record by append time counts, the others are marked by `is_duplicate`: a source that holds only
    some hours must hold every record of their frames.

    Args:
        source: table or view with the rows of `detections`.
    """
    return f"""
    SELECT c.* EXCEPT (place), row_number() OVER (
             PARTITION BY c.frame_id ORDER BY c.appended_at, c.topic_id, c.partition, c.offset
           ) > 1 AS is_duplicate
    FROM (SELECT r.*, row_number() OVER (
             PARTITION BY {qualified("r", RECORD_KEY)}
             ORDER BY CASE WHEN r.status = 'detected' THEN 0 ELSE 1 END,
                      CASE r.layer WHEN 'promoted' THEN 0 WHEN 'batch' THEN 1 ELSE 2 END,
                      r.finished_at DESC NULLS LAST, r.run_id) AS place
          FROM {source} r) c
    WHERE c.place = 1"""


def qualified(alias: str, columns: Iterable[str]) -> str:
    """Columns of one relation; with its alias, `partition` and `offset` need no engine's quotes."""
    return ", ".join(f"{alias}.{column}" for column in columns)


CURRENT_DETECTIONS: Final = View(
    "current_detections",
    "One row per record: of several analyses the current one; is_duplicate marks a frame sent before",
    current_detections("detections"),
)

OBJECTS: Final = View(
    "objects",
    "One row per object over the report threshold, of frames that count in reports",
    """
    SELECT camera_id, observed_at, seen.label, seen.score, seen.sector_v, seen.sector_h,
           seen.ymin, seen.xmin, seen.ymax, seen.xmax, 'live' AS state, clock_skewed,
           frame_id, topic, topic_id, partition, offset, appended_at, layer, run_id, finished_at, day
    FROM (SELECT *, explode(objects) AS seen FROM current_detections
          WHERE status = 'detected' AND NOT is_duplicate AND replay_id IS NULL)
    WHERE seen.score >= {threshold}""",
)

QUARANTINE: Final = View(
    "quarantine",
    "One row per record that could not be analysed, with its bytes and the reason",
    f"""
    SELECT d.status, d.reason, f.*
    FROM frames f JOIN current_detections d
      ON {" AND ".join(f"f.{name} = d.{name}" for name in RECORD_KEY)}
    WHERE d.status IN ({QUARANTINED})""",
)

RECONCILIATION: Final = View(
    "reconciliation",
    "One row per partition of each life of the frames topic: what came in, and what became of it",
    f"""
    SELECT topic, topic_id, partition,
           sum(archived) AS archived, sum(detected) AS detected, sum(skipped) AS skipped,
           sum(quarantined) AS quarantined, sum(expired) AS expired,
           greatest(max(next_offset), 0) AS next_offset,
           greatest(max(next_offset), 0) - sum(detected) - sum(skipped) - sum(quarantined) - sum(expired)
             AS unaccounted
    FROM (SELECT topic, topic_id, partition, 1 AS archived, 0 AS detected, 0 AS skipped, 0 AS quarantined,
                 0 AS expired, offset + 1 AS next_offset FROM frames
          UNION ALL
          SELECT topic, topic_id, partition, 0, int(status = 'detected'), int(status LIKE 'skipped%'),
                 int(status IN ({QUARANTINED})), 0, offset + 1 FROM current_detections
          UNION ALL
          SELECT topic, topic_id, partition, 0, 0, 0, 0, to_offset - from_offset, to_offset
          FROM expired_ranges WHERE query = 'detect_objects')
    GROUP BY topic, topic_id, partition""",
)

VIEWS: Final = (CURRENT_DETECTIONS, OBJECTS, QUARANTINE, RECONCILIATION)
