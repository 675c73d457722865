"""All views: each is one rule, stated once, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lake.contracts.record_key import RECORD_KEY
from lake.contracts.statuses import QUARANTINED, SKIPPED, is_among
from lake.contracts.wire_format import SPEED_QUERY
from lake.schema.schemas import TABLES
from lake.views.current_detections import CURRENT_DETECTIONS
from lake.views.live_views import LIVE_CAMERA_HOURS, LIVE_DETECTIONS, LIVE_HOURS, LIVE_OBJECTS
from lake.views.publication_states import PUBLICATION_STATES
from lake.views.reconciliation import BROKER_RANGES, RECONCILIATION
from lake.views.serving_views import OBJECTS, SERVING_CAMERA_HOURS, SERVING_COUNTS
from lake.views.view import View, for_datafusion, names_needed, same

QUARANTINE: Final = View(
    "quarantine",
    "One row per record that could not be analysed, with its bytes and the reason",
    f"""
    SELECT d.status, d.reason, f.*
    FROM frames f JOIN current_detections d ON {same("f", "d", RECORD_KEY)}
    WHERE {is_among("d.status", QUARANTINED)}""",
)

LEDGER: Final = View(
    "ledger",
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
          SELECT topic, topic_id, partition, 0, int(status = 'detected'), int({is_among("status", SKIPPED)}),
                 int({is_among("status", QUARANTINED)}), 0, offset + 1 FROM current_detections
          UNION ALL
          SELECT topic, topic_id, partition, 0, 0, 0, 0, to_offset - from_offset, to_offset
          FROM expired_ranges WHERE query = '{SPEED_QUERY}')
    GROUP BY topic, topic_id, partition""",
)

CAMERAS: Final = View(
    "cameras",
    "One row per camera: its name, place and more, as the list of its agent said last, and since when",
    """
    SELECT n.camera_id, n.name, n.place, n.time_zone, n.source, n.enabled, n.since
    FROM (SELECT c.*, row_number() OVER (PARTITION BY c.camera_id ORDER BY c.since DESC, c.offset DESC) AS age
          FROM camera_registrations c) n
    WHERE n.age = 1""",
)

VIEWS: Final = (
    CURRENT_DETECTIONS,
    PUBLICATION_STATES,
    LIVE_HOURS,
    LIVE_DETECTIONS,
    LIVE_OBJECTS,
    LIVE_CAMERA_HOURS,
    OBJECTS,
    SERVING_COUNTS,
    SERVING_CAMERA_HOURS,
    QUARANTINE,
    LEDGER,
    BROKER_RANGES,
    RECONCILIATION,
    CAMERAS,
)
"""All views, each after those it is made of."""
NO_CONDITIONS: Final[Mapping[str, str]] = MappingProxyType({})


def with_views(sql: str, live: str = "TRUE", instead: Mapping[str, str] = NO_CONDITIONS) -> str:
    """Return a DataFusion statement preceded by the views that it names.

    Args:
        sql: the statement.
        live: condition on `day`, `hour` and `camera_id`; of no other live hour anything is read.
        instead: table or view to the SQL that stands for it in the views.
    """
    needed = names_needed(sql, [table.name for table in TABLES], VIEWS)
    queries = {
        view.name: for_datafusion(view.datafusion or view.sql)
        for view in VIEWS
        if view.name in needed and view.name not in instead
    }
    if "live_hours" in queries:
        queries["live_hours"] = f"SELECT w.* FROM ({queries['live_hours']}) w WHERE {live}"
    parts = ", ".join(f"{name} AS ({body})" for name, body in (dict(instead) | queries).items())
    return f"WITH {parts} {sql}" if parts else sql
