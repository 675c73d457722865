"""Checkpoint folders of the queries, one for each life of their topics.

A topic that was deleted and made anew, or whose broker lost its disk, has another UUID and counts its
offsets from 0 again. The folder's name holds the UUIDs, so a new life begins with a new checkpoint from
the earliest offset, and the unread offsets of the old one can still be computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.stream.offset_ranges import OffsetRange, committed_ends
from lake.config.lake_location import LakeLocation, changed_at


@dataclass(frozen=True, slots=True)
class Life:
    """A checkpoint of former topics, and their ids."""

    folder: LakeLocation
    topic_ids: Mapping[str, str]


def checkpoint_of(root: LakeLocation, query: str, topic_ids: Mapping[str, str]) -> LakeLocation:
    """Return the query's checkpoint for topics with these UUIDs."""
    return root / query / "+".join(f"{topic}={uuid}" for topic, uuid in sorted(topic_ids.items()))


def last_life(root: LakeLocation, query: str, topic_ids: Mapping[str, str]) -> Life | None:
    """Return the former checkpoint if the topics are new to the query; None when nothing is lost."""
    current = checkpoint_of(root, query, topic_ids)
    former = [folder for folder in (root / query).glob("*=*") if folder != current]
    if current.exists() or not former:
        return None
    newest = max(former, key=changed_at)
    return Life(newest, dict(part.split("=", 1) for part in newest.name.split("+")))


def unread_ranges(
    life: Life, topic_ids: Mapping[str, str], latest: Mapping[tuple[str, int], int]
) -> list[OffsetRange]:
    """Return the ranges that the query had not read of topics that no longer exist.

    Args:
        life: the former checkpoint.
        topic_ids: UUIDs of the topics as they are now.
        latest: last known end of each (topic, partition); an empty range where it is not known.
    """
    gone = {topic for topic, uuid in life.topic_ids.items() if topic_ids.get(topic) != uuid}
    ends = committed_ends(life.folder)
    return [
        OffsetRange(topic, partition, end, max(end, latest.get((topic, partition), end)))
        for (topic, partition), end in sorted(ends.items())
        if topic in gone
    ]
