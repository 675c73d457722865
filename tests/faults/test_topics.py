"""Topics made anew and records gone before they were read: nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition

from benchmarks.support.running.system import System
from lake.accounting.ledger import balance
from lake.contracts.wire_format import FRAMES_TOPIC
from stack.kafka.topics import create_topics
from tests.faults.traffic import send_frames

pytestmark = pytest.mark.system

READERS = ("archive_frames", "detect_objects")


@contextmanager
def administrator(system: System) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=system.broker.address)
    try:
        yield admin
    finally:
        admin.close()


def expired(system: System, topic_id: str, cause: str) -> list[tuple[Any, ...]]:
    """(query, partition, from, to) of the ranges recorded, in order."""
    names = ("query", "partition", "from_offset", "to_offset")
    rows = [row for row in system.rows("expired_ranges", topic_id) if row["cause"] == cause]
    return sorted(tuple(row[name] for name in names) for row in rows)


def test_records_that_expired_before_they_were_read_are_recorded_exactly(system: System) -> None:
    send_frames(system, "seen", 6)
    system.settle()
    read, life = system.ends(), system.topic_id
    before = expired(system, life, "expired")
    assert system.stream.stop() == 0
    lost = send_frames(system, "expired", 5)
    partition = lost[0][0]
    assert {part for part, _ in lost} == {partition}, "one camera, one partition"
    end = lost[-1][1] + 1
    with administrator(system) as admin:
        admin.delete_records({TopicPartition(FRAMES_TOPIC, partition): end})
    kept = send_frames(system, "expired", 3)
    system.start_stream()
    assert [row["status"] for row in system.outcomes(kept)] == ["detected"] * 3
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    new = [gap for gap in expired(system, life, "expired") if gap not in before]
    assert new == [(query, partition, read[partition], end) for query in READERS]


def test_a_topic_that_grows_under_the_running_stream_is_read_in_all_its_partitions(system: System) -> None:
    """A camera whose key moves to a new partition is the same camera; nothing is lost, nothing is gone."""
    names = [f"grown-{number}" for number in range(6)]
    before = {name: send_frames(system, name, 2) for name in names}
    create_topics(system.broker.address, frames_partitions=4)
    after = {name: send_frames(system, name, 2) for name in names}
    moved = [name for name in names if after[name][0][0] > 1]
    assert moved, "none of the cameras moved"
    assert all(part < 2 for places in before.values() for part, _ in places)
    sent = [place for places in (*before.values(), *after.values()) for place in places]
    assert {row["status"] for row in system.outcomes(sent)} == {"detected"}
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    of_moved = [row for row in system.rows("detections") if row["camera_id"] == moved[0]]
    assert {(row["partition"], row["offset"]) for row in of_moved} == {*before[moved[0]], *after[moved[0]]}


def test_a_topic_made_anew_under_the_running_stream_begins_a_new_life(system: System) -> None:
    send_frames(system, "old-life", 6)
    system.settle()
    starts, old, ends = system.stream.starts, system.topic_id, system.ends()
    with administrator(system) as admin:
        admin.delete_topics([FRAMES_TOPIC])
        system.wait("end of the topic", lambda: FRAMES_TOPIC not in admin.list_topics())
    create_topics(system.broker.address)
    assert system.topic_id != old
    sent = send_frames(system, "new-life", 6)
    assert {offset for _, offset in sent} == set(range(6)), "offsets count from 0 again"
    assert [row["status"] for row in system.outcomes(sent)] == ["detected"] * 6
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    assert system.stream.starts > starts
    former = balance(system.lake, old, ends)
    assert former.is_balanced, former
    edges = [(query, part, end, end) for query in READERS for part, end in sorted(ends.items())]
    assert expired(system, old, "recreated") == edges, "the new life is recorded, though nothing was lost"
