"""Live view of hours without a decision yet: current detections, counted as a recount would.

Hours and cameras that were published or held are left out before anything is read of them, so that a long
history costs nothing here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from lake.contracts.camera_hour import CAMERA_HOUR, RESENT_WITHIN_DAYS, camera_of_row, hour_of_row
from lake.contracts.record_key import RECORD_KEY
from lake.views.counting import camera_hours, objects_seen, with_analyses
from lake.views.current_detections import current_detections
from lake.views.view import View, qualified, same

LiveHour = tuple[date, datetime, str]
"""A row of `live_hours`: day and hour, UTC, and camera id."""
CAMERA: Final = camera_of_row("r")
HOUR: Final = hour_of_row("r")

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


AWAY: Final = ", ".join(f"({days})" for days in range(-RESENT_WITHIN_DAYS, RESENT_WITHIN_DAYS + 1))


def _near(detections: str) -> str:
    """Return detections that may belong to a frame of a live hour."""
    return f"""
    (SELECT n.* FROM {detections} n
     LEFT SEMI JOIN (SELECT h.day + a.away AS day FROM live_hours h
                     CROSS JOIN (VALUES {AWAY}) a(away)) y ON n.day = y.day)"""


LIVE: Final = f"JOIN live_hours h ON h.day = r.day AND h.hour = {HOUR} AND h.camera_id = {CAMERA}"
FRAMES_WITH_SEVERAL_ROWS: Final = """(SELECT coalesce(g.frame_id, '') AS frame_id FROM detections g
     GROUP BY coalesce(g.frame_id, '') HAVING count(*) > 1)"""
DETECTIONS_WITH_SEVERAL_ROWS: Final = f"""(SELECT q.* FROM {FRAMES_WITH_SEVERAL_ROWS} b
     RIGHT SEMI JOIN detections q ON b.frame_id = coalesce(q.frame_id, ''))"""


def _live_detections(detections: str) -> str:
    return f"""
    SELECT r.* EXCEPT (camera_id), h.hour, h.camera_id
    FROM ({current_detections(with_analyses(_near(detections)))}) r {LIVE}
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

LIVE_OBJECTS: Final = View(
    "live_objects",
    "One row per object of the live hours, with score >= 0.2, on frames that count",
    objects_seen(LIVE_DETECTIONS.name),
)
LIVE_FRAMES: Final = f"""
    (SELECT {qualified("r", (*RECORD_KEY, "observed_at", "clock_skewed"))}, h.hour, h.camera_id, h.day
     FROM frames r {LIVE} WHERE r.replay_id IS NULL)"""
LIVE_CAMERA_HOURS: Final = View(
    "live_camera_hours",
    "One row per live hour and camera: what came in, and what became of it so far",
    camera_hours(LIVE_FRAMES, LIVE_DETECTIONS.name),
)
