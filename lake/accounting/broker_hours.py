"""What the broker appended in each closed hour of its clock, stored in table `broker_hours`.

The tables are reconciled with it, so no table is asked: the boundaries are the broker's own answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lake.config.kafka_address import Address
from lake.config.lake_location import LakeLocation
from lake.config.settings import Settings
from lake.contracts.hours import HOUR, hour_of, hours_between, last_full_hour
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.kafka.broker import first_appended, offsets_at, topic_ids
from lake.schema.batch_schemas import BROKER_HOURS
from lake.storage.delta_tables import append_rows
from lake.storage.reader import read_rows

MAX_SPAN: Final = 48 * HOUR
"""No hour before is asked for; what came earlier is counted to the first hour that is."""

Reached = Mapping[int, tuple[datetime, int]]
"""Partition → last recorded hour, and the first offset after it."""


def record_broker_hours(settings: Settings, now: datetime) -> int:
    """Record the broker's counts of every closed hour not recorded yet; safe to run twice at once.

    Args:
        settings: where the broker and the lake are.
        now: UTC; the hour in which it lies is still open.

    Returns:
        Rows that were added, one for each hour and partition.

    Raises:
        BrokerAwayError: the broker does not answer.
        TopicMissingError: it has no topic of frames.
    """
    topic_id = topic_ids(settings.broker, [FRAMES_TOPIC])[FRAMES_TOPIC]
    reached = _reached(settings.lake, topic_id)
    first = _first_hour(settings.broker, reached, now)
    if first is None or first > last_full_hour(now):
        return 0
    hours = hours_between(first, last_full_hour(now))
    ends = offsets_at(settings.broker, FRAMES_TOPIC, [hour + HOUR for hour in hours])
    rows = [
        {"topic": FRAMES_TOPIC, "topic_id": topic_id, "read_at": now, **row}
        for row in hour_rows(hours, ends, reached)
    ]
    append_rows(settings.lake, BROKER_HOURS, rows)
    return len(rows)


def hour_rows(
    hours: Sequence[datetime], ends: Mapping[datetime, Mapping[int, int]], reached: Reached
) -> Iterator[dict[str, Any]]:
    """Return rows for the hours not recorded yet, without gaps between their offsets.

    Args:
        hours: closed hours without a gap, UTC.
        ends: end of each hour → partition → first offset that came later.
        reached: what is recorded already.
    """
    offset = {partition: after for partition, (_, after) in reached.items()}
    for hour in hours:
        for partition, end in sorted(ends[hour + HOUR].items()):
            if partition in reached and hour <= reached[partition][0]:
                continue
            start = offset.get(partition, 0)
            offset[partition] = max(start, end)
            yield {
                "hour": hour,
                "partition": partition,
                "from_offset": start,
                "to_offset": offset[partition],
            }


def _reached(lake: LakeLocation, topic_id: str) -> Reached:
    sql = f"""SELECT b.partition, max(b.hour) AS hour, max(b.to_offset) AS after FROM broker_hours b
              WHERE b.topic = '{FRAMES_TOPIC}' AND b.topic_id = '{topic_id}' GROUP BY b.partition"""
    rows = read_rows(lake, sql, BROKER_HOURS)
    return {row["partition"]: (row["hour"], row["after"]) for row in rows}


def _first_hour(bootstrap: Address, reached: Reached, now: datetime) -> datetime | None:
    """Return the hour after the last recorded one, or that of the oldest record; None without records."""
    oldest = hour_of(now - MAX_SPAN)
    if reached:
        return max(oldest, min(hour for hour, _ in reached.values()) + HOUR)
    came = first_appended(bootstrap, FRAMES_TOPIC)
    return max(oldest, hour_of(came)) if came else None
