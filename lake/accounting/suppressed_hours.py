"""Pictures that agents did not send because nothing moved: by hour and camera, from their notices.

A notice says how many there were since its session began. What it says more than the one before counts in the
hour in which the broker appended it: no notice comes late to an hour, and the hours of a session add up to
what it gated.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from deltalake.exceptions import TableNotFoundError

from lake.config.lake_location import LakeLocation
from lake.contracts.hours import Scope
from lake.schema.schemas import CAMERA_STATUS
from lake.storage.reader import read_rows

GATED_DDL: Final = "hour TIMESTAMP, camera_id STRING, gated BIGINT"
SILENT_DAYS: Final = 2
"""A notice is compared with one that is no more than so many days older than the scope."""


def gated_of_scope(root: LakeLocation, scope: Scope) -> list[tuple[Any, ...]]:
    """Return (hour in UTC, camera, gated pictures), sorted; those without notices are left out.

    Args:
        root: root folder of the tables.
        scope: hours and cameras.
    """
    first, last = scope.hours[0].date() - timedelta(days=SILENT_DAYS), scope.hours[-1].date()
    sql = f"""
    SELECT g.hour, g.camera_id, sum(g.gated - g.before) AS gated
    FROM (SELECT s.camera_id, s.day, date_trunc('hour', s.appended_at) AS hour, s.gated,
                 coalesce(lag(s.gated) OVER (PARTITION BY s.camera_id, s.session
                                             ORDER BY s.appended_at, s.offset), 0) AS before
          FROM camera_status s
          WHERE s.day BETWEEN DATE '{first}' AND DATE '{last}' AND s.gated IS NOT NULL) g
    WHERE {scope.where()}
    GROUP BY g.hour, g.camera_id"""
    try:
        # Sorted here: DataFusion plans ORDER BY over these windows wrongly, and says so.
        return sorted(tuple(row.values()) for row in read_rows(root, sql, CAMERA_STATUS))
    except TableNotFoundError:
        return []
