"""`camera-status` from Kafka → Delta tables `camera_status` and `camera_registrations`, exactly once.

Each camera sends a few notices a minute: they are read and written without Spark's own jobs, but for the
one that fetches them from Kafka. A micro-batch of two cameras costs about 0.3 s of processor time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pyspark.sql import DataFrame

from jobs.stream.lost_offsets import LostOffsets
from jobs.stream.offset_ranges import OffsetRange, by_partition
from lake.contracts.camera_status_message import (
    COUNTERS,
    CameraStatusMessage,
    MalformedStatusMessageError,
    Registration,
    read_notice,
)
from lake.contracts.wire_format import STATUS_TOPIC
from lake.schema.schemas import CAMERA_REGISTRATIONS, CAMERA_STATUS
from lake.schema.table import Table
from lake.storage.delta_tables import append_rows
from lake.storage.reader import read_rows
from lake.storage.tables import Lake, retry_on_conflict

QUERY: Final = "archive_camera_status"
RECORD: Final = ("topic", "partition", "offset", "timestamp", "key", "value")
Place = tuple[int, int]
"""Partition and offset."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ArrivedStatus:
    """A notice, and where and when (UTC, the broker's clock) it was appended."""

    topic_id: str
    partition: int
    offset: int
    appended_at: datetime
    notice: CameraStatusMessage

    @property
    def record(self) -> dict[str, Any]:
        """Return the key of its Kafka record, as both tables name it."""
        return {"topic_id": self.topic_id, "partition": self.partition, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class ArchiveCameraStatus:
    """Archive micro-batches, one after the other, for `foreachBatch`.

    No other process writes to these tables, so their rows tell what is still to be written: a batch that
    is replayed, whole or after one of its two commits, adds nothing twice.
    """

    lake: Lake
    gaps: LostOffsets
    now: Callable[[], datetime]

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Append the notices that the tables lack; other records are counted and left out."""
        records = batch.select(*RECORD).toArrow().to_pylist()
        topic_id, planned = self.gaps.topic_ids[STATUS_TOPIC], self.gaps.planned(batch_id)
        arrived = read_notices(records, topic_id)
        stored = self._stored(topic_id, planned)
        self._append(CAMERA_STATUS, status_rows(status for status in arrived if _place(status) not in stored))
        self._append(CAMERA_REGISTRATIONS, new_registrations(arrived, self._registered()))
        seen = {(row["partition"], row["offset"]) for row in records} | stored
        offsets = by_partition((STATUS_TOPIC, *place) for place in seen)
        self.gaps.record_missing(batch_id, offsets, self.now())

    def _append(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            retry_on_conflict(lambda: append_rows(self.lake.root, table, rows))

    def _stored(self, topic_id: str, planned: Sequence[OffsetRange]) -> set[Place]:
        """Return the places within the planned ranges that the table holds."""
        within = " OR ".join(
            f"(s.partition = {item.partition} AND s.offset BETWEEN {item.start} AND {item.end - 1})"
            for item in planned
        )
        sql = f"""SELECT s.partition, s.offset FROM camera_status s
                  WHERE s.topic_id = '{topic_id}' AND ({within})"""
        rows = read_rows(self.lake.root, sql, CAMERA_STATUS)
        return {(row["partition"], row["offset"]) for row in rows}

    def _registered(self) -> dict[str, dict[str, Any]]:
        """Return the newest registration of each camera."""
        sql = "SELECT * FROM camera_registrations r ORDER BY r.since, r.offset"
        return {row["camera_id"]: row for row in read_rows(self.lake.root, sql, CAMERA_REGISTRATIONS)}


def read_notices(records: Iterable[Mapping[str, Any]], topic_id: str) -> list[ArrivedStatus]:
    """Parse the notices among Kafka records, in the order of their partitions; log the count of others."""
    arrived, wrong = [], []
    for row in sorted(records, key=lambda row: (row["partition"], row["offset"])):
        try:
            notice = read_notice(row["key"], row["value"])
        except MalformedStatusMessageError as error:
            wrong.append(f"{row['partition']}/{row['offset']}: {error}")
        else:
            arrived.append(ArrivedStatus(topic_id, row["partition"], row["offset"], row["timestamp"], notice))
    if wrong:
        log.warning("%d records of %s are no notices and left out; first %.300s",
                    len(wrong), STATUS_TOPIC, wrong[0])  # fmt: skip
    return arrived


def status_rows(arrived: Iterable[ArrivedStatus]) -> list[dict[str, Any]]:
    """Convert notices to rows of `camera_status`."""
    names = ("camera_id", "at", "state", "session", "last_error", "last_error_at", "last_frame_at")
    return [
        {
            **status.record,
            "appended_at": status.appended_at,
            **{name: getattr(status.notice, name) for name in names},
            **{name: status.notice.counters.get(name) for name in COUNTERS},
            "day": status.appended_at.date(),
        }
        for status in arrived
    ]


def new_registrations(
    arrived: Iterable[ArrivedStatus], known: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return rows of `camera_registrations` for notices whose registration differs from the one before.

    Args:
        arrived: in the order of their partitions; all notices of a camera lie in one.
        known: camera to its newest row in the table; notices before that row were read already.
    """
    newest, changes = dict(known), []
    for status in arrived:
        camera_id, registration = status.notice.camera_id, status.notice.registration
        before = newest.get(camera_id)
        if registration is None or (
            before is not None and (_is_repeat(status, before) or _read_registration(before) == registration)
        ):
            continue
        newest[camera_id] = {
            "camera_id": camera_id,
            "since": status.appended_at,
            **_registration_columns(registration),
            **status.record,
        }
        changes.append(dict(newest[camera_id]))
    return changes


def _registration_columns(registration: Registration) -> dict[str, Any]:
    return {name: getattr(registration, name) for name in Registration.__slots__}


def _read_registration(row: Mapping[str, Any]) -> Registration:
    return Registration(**{name: row[name] for name in Registration.__slots__})


def _is_repeat(status: ArrivedStatus, row: Mapping[str, Any]) -> bool:
    """Return whether a notice is no newer than a row of its partition; a recreated topic counts from 0."""
    same = (status.topic_id, status.partition) == (row["topic_id"], row["partition"])
    return same and status.offset <= int(row["offset"])


def _place(status: ArrivedStatus) -> Place:
    return status.partition, status.offset
