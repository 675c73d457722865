"""What is served of hours that nobody decided about yet: current detections, counted as a recount would.

Hours and cameras that were published or held are left out before anything is read of them, so that a long
history costs nothing here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from lake.contracts.wire_format import Status
from lake.schema.batch_schemas import UNKNOWN_CAMERA
from lake.views.current_detections import RECORD_KEY, current_detections
from lake.views.view import View, qualified, same

LiveHour = tuple[date, datetime, str]
"""A row of `live_hours`: day and hour, UTC, and camera id."""
RESENT_WITHIN_DAYS: Final = 2
"""A frame that was sent twice is looked for in days so far from its own."""
STANDS_FOR_S: Final = 10
"""Longest time for which an analysed frame says what was to be seen."""
CAMERA: Final = f"coalesce(r.camera_id, '{UNKNOWN_CAMERA}')"
HOUR: Final = "date_trunc('hour', r.observed_at)"
CAMERA_HOUR: Final = ("hour", "camera_id")

LIVE_HOURS: Final = View(
    "live_hours",
    "One row per hour and camera with detections that is neither published nor held",
    f"""
    SELECT h.day, h.hour, h.camera_id
    FROM (SELECT DISTINCT r.day, {HOUR} AS hour, {CAMERA} AS camera_id
          FROM detections r WHERE r.replay_id IS NULL) h
    LEFT ANTI JOIN (SELECT s.hour, s.camera_id FROM publication_states s WHERE s.serving <> 'live') d
      ON {same("h", "d", CAMERA_HOUR)}""",
)


def _near(detections: str) -> str:
    """Detections of which one may be of a frame of a live hour, and how many analyses their records have."""
    return f"""
    (SELECT n.*, count(*) OVER (PARTITION BY {qualified("n", RECORD_KEY)}) AS analyses FROM {detections} n
     LEFT SEMI JOIN (SELECT h.day + a.away AS day FROM live_hours h
                     CROSS JOIN (SELECT explode(sequence(-{RESENT_WITHIN_DAYS}, {RESENT_WITHIN_DAYS}))
                                   AS away) a) y ON n.day = y.day)"""


LIVE: Final = f"JOIN live_hours h ON h.day = r.day AND h.hour = {HOUR} AND h.camera_id = {CAMERA}"
FRAMES_WITH_SEVERAL_ROWS: Final = """(SELECT coalesce(g.frame_id, '') AS frame_id FROM detections g
     GROUP BY coalesce(g.frame_id, '') HAVING count(*) > 1)"""
DETECTIONS_WITH_SEVERAL_ROWS: Final = f"""(SELECT q.* FROM {FRAMES_WITH_SEVERAL_ROWS} b
     RIGHT SEMI JOIN detections q ON b.frame_id = coalesce(q.frame_id, ''))"""


def _live_detections(detections: str) -> str:
    return f"""
    SELECT r.* EXCEPT (camera_id), h.hour, h.camera_id
    FROM ({current_detections(_near(detections))}) r {LIVE}
    WHERE r.replay_id IS NULL"""


LIVE_DETECTIONS: Final = View(
    "live_detections",
    "Current detections of the live hours, with their hour and the number of analyses of the record",
    _live_detections("detections"),
    # Its windows cost more than all else. Most frames have one row, so that nothing is to be chosen; the rows
    # of a record all have its frame_id.
    f"""
    SELECT r.* EXCEPT (camera_id), CAST(1 AS BIGINT) AS analyses, FALSE AS is_duplicate, h.hour, h.camera_id
    FROM detections r {LIVE}
    WHERE r.replay_id IS NULL AND coalesce(r.frame_id, '') NOT IN {FRAMES_WITH_SEVERAL_ROWS}
    UNION ALL {_live_detections(DETECTIONS_WITH_SEVERAL_ROWS)}""",
)

OBJECT: Final = ("label", "score", "ymin", "xmin", "ymax", "xmax", "sector_v", "sector_h")
LIVE_OBJECTS: Final = View(
    "live_objects",
    "One row per object of the live hours, with score >= 0.2, on frames that count",
    f"""
    SELECT e.hour, e.camera_id, e.observed_at, e.frame_id, e.object_number,
           {", ".join(f"e.seen.{name} AS {name}" for name in OBJECT)},
           e.clock_skewed, {qualified("e", RECORD_KEY)}, e.layer, e.run_id, e.finished_at, e.day
    FROM (SELECT d.*, posexplode(d.objects) AS (object_number, seen) FROM live_detections d
          WHERE d.status = 'detected' AND NOT d.is_duplicate) e""",
)

NOT_ANALYSED: Final = [str(status) for status in Status if status is not Status.DETECTED]
OTHERS: Final = (*NOT_ANALYSED, "pending", "duplicates")
LATE_AFTER_S: Final = 300
FATES: Final = f"""
    SELECT {qualified("k", RECORD_KEY)}, k.hour, k.camera_id, k.day,
           max(k.observed_at) AS observed_at, max(CASE WHEN k.clock_skewed THEN 1 ELSE 0 END) AS skewed,
           max(k.layer) AS layer, max(k.finished_at) AS finished_at,
           sum(k.frame_rows) AS frame_rows, sum(k.objects) AS objects, sum(k.analyses) AS analyses,
           coalesce(max(k.fate), 'pending') AS fate
    FROM (SELECT {qualified("r", RECORD_KEY)}, h.hour, h.camera_id, h.day, r.observed_at, r.clock_skewed,
                 NULL AS layer, NULL AS finished_at, 1 AS frame_rows, 0 AS objects, 0 AS analyses,
                 NULL AS fate
          FROM frames r {LIVE} WHERE r.replay_id IS NULL
          UNION ALL
          SELECT {qualified("d", RECORD_KEY)}, d.hour, d.camera_id, d.day, d.observed_at, d.clock_skewed,
                 d.layer, d.finished_at, 0, CAST(cardinality(d.objects) AS INT), d.analyses,
                 CASE WHEN d.status = 'detected' AND d.is_duplicate THEN 'duplicates' ELSE d.status END
          FROM live_detections d) k
    GROUP BY {qualified("k", RECORD_KEY)}, k.hour, k.camera_id, k.day"""
TIMED: Final = f"""
    SELECT f.*,
           CASE WHEN f.fate = 'detected' THEN least(
             unix_micros(f.next_at) - unix_micros(f.observed_at), {STANDS_FOR_S}000000) END AS stands,
           CASE WHEN f.fate = 'detected' AND f.layer = 'speed'
             THEN CAST(unix_micros(f.finished_at) - unix_micros(f.observed_at) AS DOUBLE) / 1000000
             END AS latency
    FROM (SELECT g.*, coalesce(lead(g.observed_at) OVER (
                   PARTITION BY g.hour, g.camera_id, g.fate ORDER BY g.observed_at),
                   g.hour + INTERVAL '1' HOUR) AS next_at
          FROM ({FATES}) g) f"""


def _number(condition: str, name: str) -> str:
    return f"count(CASE WHEN {condition} THEN 1 END) AS {name}"


def _in_minute(number: int) -> str:
    return (
        f"count(CASE WHEN t.fate = 'detected' AND date_part('minute', t.observed_at) = {number} THEN 1 END)"
    )


LIVE_CAMERA_HOURS: Final = View(
    "live_camera_hours",
    "One row per live hour and camera: what came in, and what became of it so far",
    f"""
    SELECT t.day, t.hour, t.camera_id, count(*) AS received,
           {_number("t.fate = 'detected'", "analysed")},
           {_number("t.fate = 'detected' AND t.layer = 'speed'", "analysed_live")},
           {_number("t.fate = 'detected' AND t.layer <> 'speed'", "analysed_batch")},
           array({", ".join(map(_in_minute, range(60)))}) AS analysed_by_minute,
           {", ".join(_number(f"t.fate = '{fate}'", fate) for fate in OTHERS)},
           {_number(f"t.appended_at > t.hour + INTERVAL '{3600 + LATE_AFTER_S}' SECOND", "late")},
           {_number("t.skewed = 1", "clock_skewed")},
           sum(CASE WHEN t.fate = 'detected' THEN t.objects ELSE 0 END) AS objects,
           CAST(coalesce(sum(t.stands), 0) AS DOUBLE) / 1000000 AS seconds_observed,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY t.latency) AS latency_p50_s,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY t.latency) AS latency_p95_s,
           sum(t.frame_rows) AS frame_rows, sum(t.analyses) AS detection_rows
    FROM ({TIMED}) t GROUP BY t.day, t.hour, t.camera_id""",
)
