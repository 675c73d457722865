"""`camera-status` from Kafka → Delta tables `camera_status` and `camera_registrations`, exactly once.

A minute brings a few notices of each camera: they are read and written without Spark's own jobs, but for the
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
        """Its record, as both tables name it."""
        return {"topic_id": self.topic_id, "partition": self.partition, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class ArchiveCameraStatus:
    """Handles one micro-batch after the other, for `foreachBatch`.

    No other process writes to these tables, so that what they hold says what is to be written: a batch that
    is replayed, whole or after one of its two commits, adds nothing twice.
    """

    lake: Lake
    gaps: LostOffsets
    now: Callable[[], datetime]

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        """Append the notices that the tables lack; what is no notice is counted and left out."""
        records = batch.select(*RECORD).toArrow().to_pylist()
        topic_id, planned = self.gaps.topic_ids[STATUS_TOPIC], self.gaps.planned(batch_id)
        arrived = read_notices(records, topic_id)
        stored = self._stored(topic_id, planned)
        self._append(CAMERA_STATUS, status_rows(one for one in arrived if _place(one) not in stored))
        self._append(CAMERA_REGISTRATIONS, new_registrations(arrived, self._registered()))
        seen = {(row["partition"], row["offset"]) for row in records} | stored
        found = by_partition((STATUS_TOPIC, *place) for place in seen)
        self.gaps.record_missing(batch_id, found, self.now())

    def _append(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            retry_on_conflict(lambda: append_rows(self.lake.root, table, rows))

    def _stored(self, topic_id: str, planned: Sequence[OffsetRange]) -> set[Place]:
        """Places within the planned ranges that the table holds."""
        within = " OR ".join(
            f"(s.partition = {one.partition} AND s.offset BETWEEN {one.start} AND {one.end - 1})"
            for one in planned
        )
        sql = f"""SELECT s.partition, s.offset FROM camera_status s
                  WHERE s.topic_id = '{topic_id}' AND ({within})"""
        rows = read_rows(self.lake.root, sql, CAMERA_STATUS)
        return {(row["partition"], row["offset"]) for row in rows}

    def _registered(self) -> dict[str, dict[str, Any]]:
        """The newest registration of each camera."""
        sql = "SELECT * FROM camera_registrations r ORDER BY r.since, r.offset"
        return {row["camera_id"]: row for row in read_rows(self.lake.root, sql, CAMERA_REGISTRATIONS)}


def read_notices(records: Iterable[Mapping[str, Any]], topic_id: str) -> list[ArrivedStatus]:
    """The notices among Kafka records, in the order of their partitions; the rest is counted in the log."""
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
    """As rows of `camera_status`."""
    names = ("camera_id", "at", "state", "session", "last_error", "last_error_at", "last_frame_at")
    return [
        {
            **one.record,
            "appended_at": one.appended_at,
            **{name: getattr(one.notice, name) for name in names},
            **{name: one.notice.counters.get(name) for name in COUNTERS},
            "day": one.appended_at.date(),
        }
        for one in arrived
    ]


def new_registrations(
    arrived: Iterable[ArrivedStatus], known: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of `camera_registrations` for the notices that say something else of their camera than before.

    Args:
        arrived: in the order of their partitions; all notices of a camera lie in one.
        known: camera to its newest row in the table. Notices before that one were read already.
    """
    newest, changes = dict(known), []
    for one in arrived:
        camera_id, said = one.notice.camera_id, one.notice.registration
        before = newest.get(camera_id)
        if said is None or (before is not None and (_comes_first(one, before) or _says(before) == said)):
            continue
        newest[camera_id] = {"camera_id": camera_id, "since": one.appended_at, **_named(said), **one.record}
        changes.append(dict(newest[camera_id]))
    return changes


def _named(said: Registration) -> dict[str, Any]:
    return {name: getattr(said, name) for name in Registration.__slots__}


def _says(row: Mapping[str, Any]) -> Registration:
    return Registration(**{name: row[name] for name in Registration.__slots__})


def _comes_first(one: ArrivedStatus, row: Mapping[str, Any]) -> bool:
    """Whether a notice is not newer than a row of the same partition; a topic made anew counts from 0."""
    same = (one.topic_id, one.partition) == (row["topic_id"], row["partition"])
    return same and one.offset <= int(row["offset"])


def _place(one: ArrivedStatus) -> Place:
    return one.partition, one.offset
