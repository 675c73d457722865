"""Remove an imported event file from the lake, and leave every other row as it is.

Hours without other rows are deleted; those in which the same camera has other frames are counted and
published again. Killed at any moment and run again, it ends as if it had never been interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from typing import Final

from pyspark.sql import SparkSession

from jobs.events.event_times import EPOCH, MICROSECOND
from jobs.events.imported_events import SHORT, Import, hours_of
from jobs.pipeline.publish_scopes import publish_scopes, scopes_of
from lake.config.lake_location import LakeLocation
from lake.config.settings import Settings
from lake.contracts.camera_hour import CameraHour
from lake.contracts.data_docs import QUALITY
from lake.contracts.hours import HOUR
from lake.schema.batch_schemas import (
    CAMERA_HOURS,
    CAMERA_HOURS_CANDIDATE,
    HOURLY_COUNTS,
    MINUTE_COUNTS,
    OBJECTS_CANDIDATE,
    PUBLICATIONS,
    PUBLISHED_OBJECTS,
    QUALITY_RESULTS,
)
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, FRAMES
from lake.schema.table import Table
from lake.storage.delta_tables import open_table
from lake.storage.reader import read_rows
from lake.storage.tables import Lake, retry_on_conflict

BY_TOPIC: Final = (DETECTIONS, OBJECTS_CANDIDATE, PUBLISHED_OBJECTS)
"""Source tables come first, so that nothing is recounted from them."""
BY_HOUR: Final = (
    CAMERA_HOURS_CANDIDATE,
    CAMERA_HOURS,
    MINUTE_COUNTS,
    HOURLY_COUNTS,
    QUALITY_RESULTS,
    PUBLICATIONS,
)
"""Decisions come last: a removal that was interrupted reads the hours from them."""


class UnknownImportError(LookupError):
    """A name that matches no import, or several."""


def find_import(imports: Iterable[Import], text: str) -> Import:
    """Find the import by the first digits of its SHA-256, or by its file's name.

    Raises:
        UnknownImportError: none matches, or several do.
    """
    all_imports = list(imports)
    matches = (
        [item for item in all_imports if item.sha256.startswith(text) or item.name == text] if text else []
    )
    if len(matches) != 1:
        named = (
            ", ".join(f"{item.sha256[:SHORT]} ({item.name})" for item in matches or all_imports)
            or "none at all"
        )
        raise UnknownImportError(f"{text!r} names {len(matches)} imports: say one of {named}")
    return matches[0]


def remove_import(
    settings: Settings, about: Import, spark: Callable[[], SparkSession], now: Callable[[], datetime]
) -> int:
    """Delete all rows of an import; return the number of its frames.

    Args:
        settings: of the lake.
        about: the import.
        spark: returns the session; called only where hours hold other frames of its cameras too.
        now: the clock, UTC.
    """
    lake = Lake(settings.lake)
    pairs = {*hours_of(lake.root, about), *_decided(lake.root, about)}
    shared = _with_others(lake.root, about, pairs)
    removed = [_delete(lake, table, about.row_condition) for table in BY_TOPIC]
    if own := pairs - shared:
        where = where_exactly(own)
        for table in BY_HOUR:
            _delete(lake, table, where)
    if over := [pair for pair in sorted(shared) if pair[0] + HOUR <= now()]:
        rows = {hour: 1 for hour, _ in over}
        scopes = scopes_of(rows, tuple(sorted({camera for _, camera in over})))
        publish_scopes(spark(), lake, scopes, f"{about.run_id}-removed", now, settings.data / QUALITY, over)
    _delete(lake, DETECTOR_RUNS, f"run_id = '{about.run_id}'")
    return removed[0]


def where_exactly(pairs: Collection[CameraHour]) -> str:
    """Return a condition on these hours and cameras that delta-rs accepts: it compares no time as text.

    >>> from lake.contracts.hours import parse_hour
    >>> where_exactly([(parse_hour("2026-01-02T03:00:00Z"), "door")])
    "day IN (DATE '2026-01-02') AND (camera_id = 'door' AND CAST(hour AS BIGINT) IN (1767322800000000))"
    """
    hours: dict[str, list[str]] = {}
    for hour, camera in sorted(pairs):
        hours.setdefault(camera, []).append(str((hour - EPOCH) // MICROSECOND))
    days = ", ".join(sorted({f"DATE '{hour:%Y-%m-%d}'" for hour, _ in pairs}))
    conditions = (
        f"camera_id = '{name}' AND CAST(hour AS BIGINT) IN ({', '.join(own)})" for name, own in hours.items()
    )
    return f"day IN ({days}) AND ({' OR '.join(conditions)})"


def _decided(root: LakeLocation, about: Import) -> set[CameraHour]:
    """Read the hours that the import published, also where its frames are gone."""
    sql = f"SELECT DISTINCT hour, camera_id FROM publications WHERE run_id = '{about.run_id}'"
    return {(row["hour"], row["camera_id"]) for row in read_rows(root, sql, PUBLICATIONS)}


def _with_others(root: LakeLocation, about: Import, pairs: Collection[CameraHour]) -> set[CameraHour]:
    """Return the hours and cameras in which the lake has other frames too."""
    if not pairs:
        return set()
    days: list[date] = [hour.date() for hour, _ in pairs]
    where = f"""day BETWEEN DATE '{min(days)}' AND DATE '{max(days)}' AND replay_id IS NULL
    AND NOT ({about.row_condition})"""
    shared = set()
    for table in (DETECTIONS, FRAMES):
        hours = f"SELECT DISTINCT date_trunc('hour', observed_at) AS hour, camera_id FROM {table.name}"
        shared |= {
            (row["hour"], row["camera_id"]) for row in read_rows(root, f"{hours} WHERE {where}", table)
        }
    return shared & set(pairs)


def _delete(lake: Lake, table: Table, where: str) -> int:
    removed: list[int] = []

    def delete() -> None:
        removed.append(int(open_table(lake.folder(table)).delete(where)["num_deleted_rows"]))

    retry_on_conflict(delete)
    return removed[-1]
