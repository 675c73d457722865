"""The rule for which analysis of a frame counts, in SQL that Spark and DataFusion read alike."""

from __future__ import annotations

from typing import Final

from lake.contracts.record_key import RECORD_KEY
from lake.views.view import View, qualified

DETECTED_FIRST: Final = "CASE WHEN r.status = 'detected' THEN 0 ELSE 1 END"
LAYER_FIRST: Final = "CASE r.layer WHEN 'promoted' THEN 0 WHEN 'batch' THEN 1 ELSE 2 END"


def current_detections(source: str) -> str:
    """Return SQL of the current row of each record.

    A frame may be analysed more than once. One rule: detected before not detected, then a promoted run
    before the batch run before the speed run, the newest of equals. Of a frame that was sent twice the
    first record by append time counts, the others are marked by `is_duplicate`: a source that holds only
    some hours must hold every record of their frames.

    Args:
        source: table, view or subquery in brackets, with the rows of `detections`.
    """
    return f"""
    SELECT c.* EXCEPT (place), row_number() OVER (
             PARTITION BY c.frame_id ORDER BY c.appended_at, c.topic_id, c.partition, c.offset
           ) > 1 AS is_duplicate
    FROM (SELECT r.*, row_number() OVER (
             PARTITION BY {qualified("r", RECORD_KEY)}
             ORDER BY {DETECTED_FIRST}, {LAYER_FIRST}, r.finished_at DESC NULLS LAST, r.run_id) AS place
          FROM {source} r) c
    WHERE c.place = 1"""


CURRENT_DETECTIONS: Final = View(
    "current_detections",
    "One row per record: of several analyses the current one; is_duplicate marks a frame sent before",
    current_detections("detections"),
)
