"""What reports show: published hours, and live ones without a decision yet, told apart by `state`."""

from __future__ import annotations

from typing import Final

from lake.contracts.camera_hour import CAMERA_HOUR
from lake.schema.batch_schemas import CAMERA_HOURS, HOURLY_COUNTS, PUBLISHED_OBJECTS
from lake.views.counting import score_bin
from lake.views.view import View, qualified, same


def reported(score: str) -> str:
    """Return the condition that a 32-bit score reaches the report threshold, compared as doubles."""
    return f"CAST({score} AS DOUBLE) >= {{threshold}}"


def _published(table: str, columns: str) -> str:
    """Return published rows: those of the hours and cameras with a decision to publish."""
    return f"""SELECT {columns}, 'published' AS state
    FROM {table} r JOIN publication_states s ON {same("r", "s", ("day", *CAMERA_HOUR))}
    WHERE s.serving = 'published'"""


OBJECTS: Final = View(
    "objects",
    "One row per object over the report threshold; state is published, or live where nobody decided yet",
    f"""
    SELECT o.* FROM (
      {_published("published_objects", qualified("r", PUBLISHED_OBJECTS.columns))}
      UNION ALL
      SELECT {qualified("l", PUBLISHED_OBJECTS.columns)}, 'live' AS state FROM live_objects l) o
    WHERE {reported("o.score")}""",
)

BIN: Final = ("day", *CAMERA_HOUR, "label", "sector_v", "sector_h")
SERVING_COUNTS: Final = View(
    "serving_counts",
    "Objects per hour, camera, label, sector and score bin of 0.05; state is published or live",
    f"""
    {_published("hourly_counts", qualified("r", HOURLY_COUNTS.columns))}
    UNION ALL
    SELECT {qualified("b", HOURLY_COUNTS.columns)}, 'live' AS state
    FROM (SELECT {qualified("l", BIN)}, l.score_bin, count(*) AS object_count
          FROM (SELECT o.*, {score_bin("o.score")} AS score_bin FROM live_objects o) l
          GROUP BY {qualified("l", BIN)}, l.score_bin) b""",
)

NOT_COUNTED: Final = {
    "gated": "NULL",
    "from_stored_coverage": "false",
    "counted_at": "NULL",
    "run_id": "NULL",
}
LIVE_COLUMNS: Final = ", ".join(NOT_COUNTED.get(name, f"l.{name}") for name in CAMERA_HOURS.columns)
SERVING_CAMERA_HOURS: Final = View(
    "serving_camera_hours",
    "One row per hour and camera: what came in, and what became of it; state is published or live",
    f"""
    {_published("camera_hours", qualified("r", CAMERA_HOURS.columns))}
    UNION ALL
    SELECT {LIVE_COLUMNS}, 'live' AS state FROM live_camera_hours l""",
)
