"""Random closed hours of the broker over random frames and detections; ranges expire, records are lost."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.support.tables.hour_rows import LIFE, add
from lake.schema.batch_schemas import BROKER_HOURS
from lake.schema.schemas import DETECTIONS, EXPIRED_RANGES, FRAMES
from tests.conftest import at
from tests.jobs.random_hours import random_hours

Row = dict[str, Any]
START, END = at("00:00"), at("00:00", "2026-01-04")
HOURS = [START + timedelta(hours=number) for number in range(48)]
LIVES = (LIFE, "22222222-2222-2222-2222-222222222222")
OFFSETS = 230
"""Of each partition; the random frames take 200, so that some offsets have no row at all."""


def random_accounts(root: Path, seed: int) -> None:
    """Fill a lake that was made. Each life of the topic has two partitions."""
    dice = random.Random(seed)
    for number, life in enumerate(LIVES):
        frames, detections = random_hours(seed + number)
        add(root, FRAMES, [_told(dice, row, life) for row in frames])
        add(root, DETECTIONS, [_told(dice, row, life) for row in detections])
        add(root, BROKER_HOURS, [row for part in (0, 1) for row in _hours(dice, life, part)])
    add(root, EXPIRED_RANGES, [_expired(dice) for _ in range(30)])


def _told(dice: random.Random, row: Row, life: str) -> Row:
    """Some rows name another topic, or the place of a record of another time."""
    topic = dice.choices(("pycturestream", "synthetic"), (30, 1))[0]
    again = timedelta(hours=dice.choices((0, 5), (30, 1))[0])
    return {**row, "topic": topic, "topic_id": life, "appended_at": row["appended_at"] + again}


def _hours(dice: random.Random, life: str, partition: int) -> list[Row]:
    """Hours without gaps; some are missing, some recorded twice, and not alike."""
    rows, start = [], 0
    for hour in sorted(dice.sample(HOURS, 40)):
        end = min(OFFSETS, start + dice.choice((0, 1, 5, 12)))
        said = {
            "topic": "pycturestream", "topic_id": life, "partition": partition, "hour": hour,
            "from_offset": start, "to_offset": end, "read_at": END,
        }  # fmt: skip
        rows.append(said)
        if dice.random() < 0.2:
            rows.append(
                {**said, "to_offset": end + 3, "read_at": END + dice.choice((-1, 1)) * timedelta(hours=1)}
            )
        start = end
    dice.shuffle(rows)
    return rows


def _expired(dice: random.Random) -> Row:
    start = dice.randrange(OFFSETS)
    return {
        "query": dice.choices(("detect_objects", "archive_frames"), (3, 1))[0], "cause": "expired",
        "topic": dice.choices(("pycturestream", "resultstream"), (5, 1))[0], "topic_id": dice.choice(LIVES),
        "partition": dice.randrange(2), "from_offset": start, "to_offset": start + dice.choice((0, 1, 8, 40)),
        "found_at": END,
    }  # fmt: skip
