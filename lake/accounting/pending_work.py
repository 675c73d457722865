"""Pending work of the batch layer: hours to count, frames to analyse, archives to wait for. No JVM."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from lake.accounting.ledger import WRITERS
from lake.accounting.open_frames import count_open_frames
from lake.config.lake_location import LakeLocation
from lake.config.settings import Settings
from lake.contracts.camera_hour import CameraHour, camera_of_row, hour_of_row
from lake.contracts.hours import HOUR, Scope, format_hour, hour_of
from lake.contracts.wire_format import FRAMES_TOPIC, rfc3339
from lake.kafka.broker import TopicMissingError, offsets_at, topic_ids
from lake.kafka.client import BrokerAwayError
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES
from lake.schema.table import Table
from lake.storage.reader import read_rows, read_table

LOOKBACK: Final = timedelta(days=3)
"""A frame may wait 48 hours before it reaches the broker; a day more for archives that were down."""
ARCHIVE_TIMEOUT: Final = timedelta(minutes=5)
NO_ROWS: Final = (0, 0)

Rows = Mapping[CameraHour, tuple[int, int]]
"""Hour and camera → rows of frames, rows of detections."""

log = logging.getLogger(__name__)


def hours_due(root: LakeLocation, now: datetime, window: timedelta = LOOKBACK) -> tuple[datetime, ...]:
    """Return closed hours never counted, or whose rows have changed since they were, oldest first.

    Args:
        root: root folder of the tables.
        now: UTC; the hour in which it lies is still open.
        window: how far back.
    """
    first, end = hour_of(now - window), hour_of(now)
    present, counted = _present(root, first, end), _counted(root, first, end)
    due = {
        about[0] for about in {*present, *counted} if _is_due(present.get(about, NO_ROWS), counted.get(about))
    }
    return tuple(sorted(due))


def _is_due(present: tuple[int, int], counted: tuple[int, int] | None) -> bool:
    """Tell whether rows changed: frames may shrink by retention, detections only by a correction."""
    if counted is None:
        return True
    if present == NO_ROWS:
        return counted[0] == 0
    return present[0] > counted[0] or present[1] != counted[1]


def _present(root: LakeLocation, first: datetime, end: datetime) -> Rows:
    frames, detections = (_rows_of(root, table, first, end) for table in (FRAMES, DETECTIONS))
    return {about: (frames.get(about, 0), detections.get(about, 0)) for about in {*frames, *detections}}


def _rows_of(root: LakeLocation, table: Table, first: datetime, end: datetime) -> dict[CameraHour, int]:
    sql = f"""
    SELECT {hour_of_row("r")} AS hour, {camera_of_row("r")} AS camera,
           count(*) AS found
    FROM {table.name} r WHERE {_between("observed_at", first, end)} AND replay_id IS NULL GROUP BY 1, 2"""
    return {(row["hour"], row["camera"]): row["found"] for row in read_rows(root, sql, table)}


def _counted(root: LakeLocation, first: datetime, end: datetime) -> Rows:
    sql = f"""
    SELECT hour, camera_id, frame_rows, detection_rows FROM camera_hours_candidate
    WHERE {_between("hour", first, end)}"""
    return {
        (row["hour"], row["camera_id"]): (row["frame_rows"], row["detection_rows"])
        for row in read_rows(root, sql, CAMERA_HOURS_CANDIDATE)
    }


def _between(moment: str, first: datetime, end: datetime) -> str:
    return (
        f"day BETWEEN DATE '{first:%Y-%m-%d}' AND DATE '{end:%Y-%m-%d}'"
        f" AND {moment} >= TIMESTAMP '{format_hour(first)}' AND {moment} < TIMESTAMP '{format_hour(end)}'"
    )


def has_rows(root: LakeLocation, scope: Scope) -> bool:
    """Return whether frames or detections hold rows of the scope that enter reports."""
    hours = {"first": scope.hours[0], "end": scope.hours[-1] + HOUR}
    return any(
        hour in scope.hours and (scope.cameras is None or camera in scope.cameras)
        for table in (DETECTIONS, FRAMES)
        for hour, camera in _rows_of(root, table, **hours)
    )


def frames_to_detect(root: LakeLocation, scope: Scope) -> int:
    """Count the frames of the scope that no layer has analysed."""
    return count_open_frames(root, scope)


def archives_lacking(settings: Settings, hour_end: datetime) -> str | None:
    """Return what the archives still lack of the hour's records, by the broker's own offsets.

    Args:
        settings: where the broker and the lake are.
        hour_end: UTC; records appended in the hour before it and in the 5 minutes after it are looked for.

    Returns:
        A sentence; None when all is there, or when the broker is away.
    """
    first, end = hour_end - HOUR, hour_end + ARCHIVE_TIMEOUT
    try:
        topic_id = topic_ids(settings.broker, [FRAMES_TOPIC])[FRAMES_TOPIC]
        moments = offsets_at(settings.broker, FRAMES_TOPIC, [first, end])
    except (BrokerAwayError, TopicMissingError) as error:
        log.warning("what the archives lack cannot be asked: %s", error)
        return None
    spans = {partition: range(start, moments[end][partition]) for partition, start in moments[first].items()}
    lacking = {
        table.name: missing_records(settings.lake, table, topic_id, spans) for table in (FRAMES, DETECTIONS)
    }
    said_of = [f"{name} lacks {count:,} records" for name, count in lacking.items() if count]
    return f"{' and '.join(said_of)} that the broker appended before {rfc3339(end)}" if said_of else None


def missing_records(root: LakeLocation, table: Table, topic_id: str, spans: Mapping[int, range]) -> int:
    """Count the offsets that neither the table nor an expired range claims.

    Args:
        root: root folder of the tables.
        table: with a row for each record.
        topic_id: life of the frames topic.
        spans: partition → its offsets; all of them are held as flags, a byte each.
    """
    claimed = {partition: np.zeros(len(span), bool) for partition, span in spans.items() if span}
    if not claimed:
        return 0
    of_topic = f"t.topic = '{FRAMES_TOPIC}' AND t.topic_id = '{topic_id}'"
    within = " OR ".join(
        f"(t.partition = {part} AND t.offset BETWEEN {spans[part].start} AND {spans[part].stop - 1})"
        for part in claimed
    )
    sql = f"SELECT t.partition, t.offset FROM {table.name} t WHERE {of_topic} AND ({within})"
    stored = read_table(root, sql, table)
    partitions, offsets = (stored[name].to_numpy() for name in ("partition", "offset"))
    for part, flags in claimed.items():
        flags[offsets[partitions == part] - spans[part].start] = True
    gone = f"""SELECT t.partition, t.from_offset, t.to_offset FROM expired_ranges t
               WHERE {of_topic} AND t.query = '{WRITERS[table.name]}'"""
    for row in read_rows(root, gone, EXPIRED_RANGES):
        if row["partition"] in claimed:
            first = spans[row["partition"]].start
            low, high = (max(0, row[edge] - first) for edge in ("from_offset", "to_offset"))
            claimed[row["partition"]][low:high] = True
    return sum(int((~flags).sum()) for flags in claimed.values())
