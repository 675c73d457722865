"""The answers made of tables: each view is one rule, said once, in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RECORD_KEY: Final = "topic, topic_id, partition, offset, appended_at"
QUARANTINED: Final = "'corrupt', 'too_large', 'malformed', 'failed'"


@dataclass(frozen=True, slots=True)
class View:
    """A named query over tables and earlier views; `{threshold}` is the report threshold."""

    name: str
    comment: str
    sql: str


CURRENT_DETECTIONS: Final = View(
    "current_detections",
    "One row per record: of several analyses the current one; is_duplicate marks a frame sent before",
    # A frame may be analysed more than once. One rule: detected before not detected, then a promoted run
    # before the batch run before the speed run, the newest of equals. Of a frame that was sent twice the
    # first record by append time counts.
    f"""
    SELECT * EXCEPT (rank), row_number() OVER (
             PARTITION BY frame_id ORDER BY appended_at, topic_id, partition, offset) > 1 AS is_duplicate
    FROM (SELECT *, row_number() OVER (
             PARTITION BY {RECORD_KEY}
             ORDER BY status = 'detected' DESC,
                      CASE layer WHEN 'promoted' THEN 0 WHEN 'batch' THEN 1 ELSE 2 END,
                      finished_at DESC) AS rank
          FROM detections)
    WHERE rank = 1""",
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
    FROM frames f JOIN current_detections d USING ({RECORD_KEY})
    WHERE d.status IN ({QUARANTINED})""".replace(
        f"USING ({RECORD_KEY})",
        """ON
         f.topic = d.topic AND f.topic_id = d.topic_id AND f.partition = d.partition
         AND f.offset = d.offset AND f.appended_at = d.appended_at""",
    ),
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
