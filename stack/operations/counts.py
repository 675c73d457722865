"""Counts of frames, each from its own source: agent, broker, lake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lake.config.kafka_address import Address
from lake.config.lake_location import LakeLocation
from lake.contracts.record_key import RECORD_KEY
from lake.contracts.wire_format import FRAMES_TOPIC, SPEED_QUERY
from lake.kafka.broker import offsets
from lake.kafka.client import BrokerAwayError
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES
from lake.schema.table import Table
from lake.views.current_detections import current_detections
from lake.views.view import qualified, same

BATCHED: Final = f"""(SELECT DISTINCT {qualified("d", RECORD_KEY)} FROM detections d
  WHERE d.layer <> 'speed' AND d.topic = '{FRAMES_TOPIC}')"""
DECIDING: Final = qualified("d", (*RECORD_KEY, "frame_id", "status", "layer", "run_id", "finished_at"))
RECORDS_WITH_SEVERAL_ROWS: Final = f"""(SELECT {DECIDING} FROM detections d
  LEFT SEMI JOIN {BATCHED} b ON {same("d", "b", RECORD_KEY)})"""
OUTCOMES: Final = f"""
SELECT o.status, count(*) AS n, max(CASE WHEN o.layer = 'speed' THEN o.finished_at END) AS newest
FROM (SELECT d.status, d.layer, d.finished_at FROM detections d
      LEFT ANTI JOIN {BATCHED} b ON {same("d", "b", RECORD_KEY)} WHERE d.topic = '{FRAMES_TOPIC}'
      UNION ALL
      SELECT c.status, c.layer, c.finished_at FROM ({current_detections(RECORDS_WITH_SEVERAL_ROWS)}) c) o
GROUP BY o.status"""
"""Outcomes of the current row per record of a camera; only reanalysed records need the full rule."""


@dataclass(frozen=True, slots=True)
class LakeCounts:
    """Counts from the tables: records per status, records expired unread, and the newest live outcome."""

    by_status: Mapping[str, int]
    expired: int
    newest: datetime | None

    def total(self, *statuses: str) -> int:
        """Return the number of records with one of the statuses."""
        return sum(self.by_status.get(status, 0) for status in statuses)


def captured(capture: Mapping[str, Any]) -> int:
    """Return the pictures taken by all cameras of the running agent."""
    cameras = capture.get("cameras")
    values = cameras.values() if isinstance(cameras, dict) else ()
    return sum(int(camera.get("captured") or 0) for camera in values)


def end_offsets(bootstrap: Address) -> dict[int, int]:
    """Return partition → end offset of the frames topic; empty if broker or topic are missing."""
    try:
        return {partition: last for partition, (_, last) in offsets(bootstrap, FRAMES_TOPIC).items()}
    except BrokerAwayError:
        return {}


def lag(ends: Mapping[int, int], stream: Mapping[str, Any]) -> int | None:
    """Return the records that the speed layer has not read yet; None if broker or stream are unknown."""
    try:
        read = stream["queries"][SPEED_QUERY]["offsets"][FRAMES_TOPIC]
        reached = {int(partition): int(offset) for partition, offset in read.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if not ends:
        return None
    return sum(max(0, last - reached.get(partition, 0)) for partition, last in ends.items())


def read_lake(lake: LakeLocation) -> LakeCounts:
    """Read counts from the Delta tables, without a JVM; zeros for a table that does not exist."""
    rows = _query(lake, DETECTIONS, OUTCOMES)
    expired = _query(
        lake,
        EXPIRED_RANGES,
        f"SELECT sum(to_offset - from_offset) AS n FROM expired_ranges WHERE query = '{SPEED_QUERY}'",
    )
    newest = max((row["newest"] for row in rows if row["newest"]), default=None)
    return LakeCounts(
        by_status={row["status"]: row["n"] for row in rows},
        expired=int(sum(row["n"] or 0 for row in expired)),
        newest=newest and newest.replace(tzinfo=newest.tzinfo or UTC),
    )


def _query(lake: LakeLocation, table: Table, sql: str) -> list[dict[str, Any]]:
    # Imported late: delta-rs and Arrow would slow down commands that do not read the lake.
    from deltalake.exceptions import DeltaError

    from lake.storage.reader import read_rows

    try:
        return read_rows(lake, sql, table)
    except (DeltaError, OSError):
        return []
