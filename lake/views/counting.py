"""The rule by which an hour is counted, in SQL that Spark and DataFusion read alike.

A recount (`count_objects`) and the live views both build their statements here, out of other rows, so that a
live hour and a recounted one cannot differ.
"""

from __future__ import annotations

from typing import Final

from lake.contracts.camera_hour import CAMERA_HOUR, LATE_AFTER_S, STANDS_FOR_S
from lake.contracts.record_key import RECORD_KEY
from lake.contracts.statuses import NOT_ANALYSED
from lake.schema.batch_schemas import OBJECTS_CANDIDATE
from lake.schema.schemas import OBJECT_FIELDS
from lake.views.view import qualified

FATES: Final = (*NOT_ANALYSED, "pending", "duplicates")
"""What may become of a record that is not analysed: each is a column of `camera_hours`."""
ROW_COLUMNS: Final = (*RECORD_KEY, *CAMERA_HOUR, "day", "observed_at", "clock_skewed")
"""What is counted of a row of `frames` and of `detections`."""


def with_analyses(source: str) -> str:
    """Return a subquery of `detections` rows with the number of analyses of each record."""
    return f"""
    (SELECT n.*, count(*) OVER (PARTITION BY {qualified("n", RECORD_KEY)}) AS analyses FROM {source} n)"""


def objects_seen(current: str) -> str:
    """Return SQL of one row per object of the counted frames, with the columns of `objects_candidate`.

    Args:
        current: table, view or subquery in brackets, with current detections, their `hour`, and `camera_id`
            that is never null.
    """
    columns = (
        f"e.seen.{name} AS {name}" if name in OBJECT_FIELDS else f"e.{name}"
        for name in OBJECTS_CANDIDATE.columns
    )
    return f"""
    SELECT {", ".join(columns)}
    FROM (SELECT d.*, posexplode(d.objects) AS (object_number, seen) FROM {current} d
          WHERE d.status = 'detected' AND NOT d.is_duplicate) e"""


def _fates(frames: str, current: str) -> str:
    """Return one row per record of frames and detections, with its `fate`; it may be in either or both."""
    return f"""
    SELECT {qualified("k", RECORD_KEY)}, k.hour, k.camera_id, k.day,
           max(k.observed_at) AS observed_at, max(CASE WHEN k.clock_skewed THEN 1 ELSE 0 END) AS skewed,
           max(k.layer) AS layer, max(k.finished_at) AS finished_at,
           sum(k.frame_rows) AS frame_rows, sum(k.objects) AS objects, sum(k.analyses) AS analyses,
           coalesce(max(k.fate), 'pending') AS fate
    FROM (SELECT {qualified("r", ROW_COLUMNS)},
                 NULL AS layer, NULL AS finished_at, 1 AS frame_rows, 0 AS objects, 0 AS analyses,
                 NULL AS fate
          FROM {frames} r
          UNION ALL
          SELECT {qualified("d", ROW_COLUMNS)},
                 d.layer, d.finished_at, 0, CAST(cardinality(d.objects) AS INT), d.analyses,
                 CASE WHEN d.status = 'detected' AND d.is_duplicate THEN 'duplicates' ELSE d.status END
          FROM {current} d) k
    GROUP BY {qualified("k", RECORD_KEY)}, k.hour, k.camera_id, k.day"""


def _timed(fates: str) -> str:
    """Add `stands`, microseconds that the frame stands for, and `latency` in seconds."""
    return f"""
    SELECT f.*,
           CASE WHEN f.fate = 'detected' THEN least(
             unix_micros(f.next_at) - unix_micros(f.observed_at), {STANDS_FOR_S}000000) END AS stands,
           CASE WHEN f.fate = 'detected' AND f.layer = 'speed'
             THEN CAST(unix_micros(f.finished_at) - unix_micros(f.observed_at) AS DOUBLE) / 1000000
             END AS latency
    FROM (SELECT g.*, coalesce(lead(g.observed_at) OVER (
                   PARTITION BY g.hour, g.camera_id, g.fate ORDER BY g.observed_at),
                   g.hour + INTERVAL '1' HOUR) AS next_at
          FROM ({fates}) g) f"""


def camera_hours(frames: str, current: str) -> str:
    """Return SQL of one row per hour and camera: the measured columns of `camera_hours`.

    Whole microseconds are summed: the sum of fractions would depend on the order of the rows.

    Args:
        frames: table, view or subquery in brackets: rows of `frames` that enter reports, with `hour`, and
            `camera_id` that is never null.
        current: the same of current detections, with `analyses`.
    """
    minutes = ", ".join(
        f"count(CASE WHEN t.fate = 'detected' AND date_part('minute', t.observed_at) = {number} THEN 1 END)"
        for number in range(60)
    )
    return f"""
    SELECT t.day, t.hour, t.camera_id, count(*) AS received,
           {_number("t.fate = 'detected'", "analysed")},
           {_number("t.fate = 'detected' AND t.layer = 'speed'", "analysed_live")},
           {_number("t.fate = 'detected' AND t.layer <> 'speed'", "analysed_batch")},
           array({minutes}) AS analysed_by_minute,
           {", ".join(_number(f"t.fate = '{fate}'", fate) for fate in FATES)},
           {_number(f"t.appended_at > t.hour + INTERVAL '{3600 + LATE_AFTER_S}' SECOND", "late")},
           {_number("t.skewed = 1", "clock_skewed")},
           sum(CASE WHEN t.fate = 'detected' THEN t.objects ELSE 0 END) AS objects,
           CAST(coalesce(sum(t.stands), 0) AS DOUBLE) / 1000000 AS seconds_observed,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY t.latency) AS latency_p50_s,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY t.latency) AS latency_p95_s,
           sum(t.frame_rows) AS frame_rows, sum(t.analyses) AS detection_rows
    FROM ({_timed(_fates(frames, current))}) t GROUP BY t.day, t.hour, t.camera_id"""


def _number(condition: str, name: str) -> str:
    return f"count(CASE WHEN {condition} THEN 1 END) AS {name}"


def score_bin(score: str) -> str:
    """Return SQL of the lower edge of the 0.05-wide bin of a score.

    A score at the edge of a bin is compared as `score >= threshold` compares it: as a double.
    """
    return f"floor(CAST({score} AS DOUBLE) * 20) / 20"


CELL_ROWS: Final = 18
"""Rows of the map of positions over the height of a picture."""
CELL_COLUMNS: Final = 32
"""Columns of it over the width."""


def cell(box: str = "") -> str:
    """SQL of the cell of the map of positions in which a box's centre lies; null without a sector.

    The cell is CELL_COLUMNS * row + column. A centre outside of the picture, or that is no number, lies at
    the edge.

    Args:
        box: alias, with its point, of the relation that holds the box's sides and its sector.
    """

    def place(low: str, high: str, count: int) -> str:
        middle = f"(CAST({box}{low} AS DOUBLE) + CAST({box}{high} AS DOUBLE)) / 2"
        return f"floor(least(greatest({middle} * {count}, 0), {count - 1}))"

    row, column = place("ymin", "ymax", CELL_ROWS), place("xmin", "xmax", CELL_COLUMNS)
    return (
        f"CASE WHEN {box}sector_v IS NOT NULL AND {box}sector_h IS NOT NULL"
        f" THEN CAST({row} * {CELL_COLUMNS} + {column} AS INT) END"
    )
