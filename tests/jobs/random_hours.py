"""Random hours of three cameras: everything that may happen to a frame happens to some."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from benchmarks.support.tables.hour_rows import Row, frame, outcome, record, thing
from tests.conftest import at
from tests.jobs.brute_force import SKIPPED_OR_BAD

HOURS = tuple(at(f"{hour:02}:00") for hour in (22, 23)) + tuple(at(f"0{h}:00", "2026-01-03") for h in (0, 1))
CAMERAS = ("door", "gate", "yard", None)
FRAMES = 400


def random_hours(seed: int) -> tuple[list[Row], list[Row]]:
    """Rows of frames and of detections over HOURS, which lie on two days, and some beside them."""
    dice = random.Random(seed)
    frames, detections, records = [], [], []
    for number in range(FRAMES):
        known = _record(dice, number, records)
        records.append(known)
        if dice.random() < 0.92:
            frames += [frame(known)] * (2 if dice.random() < 0.02 else 1)
        detections += _outcomes(dice, known)
    dice.shuffle(frames)
    dice.shuffle(detections)
    return frames, detections


def _record(dice: random.Random, number: int, before: list[Row]) -> Row:
    observed_at = _moment(dice)
    late = timedelta(seconds=dice.choice([0.4, 1, 3600 * dice.random() * 3]))
    camera = dice.choices(CAMERAS, (5, 3, 2, 1))[0]
    again = dice.choice(before)["frame_id"] if before and dice.random() < 0.1 else None
    more = {
        "appended_at": observed_at + late,
        "partition": number % 2,
        "clock_skewed": dice.random() < 0.1,
        "replay_id": "again" if dice.random() < 0.05 else None,
    }
    return record(number // 2, observed_at, camera, again, **more)


def _moment(dice: random.Random) -> datetime:
    hour = dice.choice([*HOURS, HOURS[0] - timedelta(hours=1), HOURS[-1] + timedelta(hours=1)])
    edges = [timedelta(0), timedelta(minutes=59, seconds=59, microseconds=999_999)]
    return hour + dice.choice([*edges, *(timedelta(seconds=3600 * dice.random()) for _ in range(8))])


def _outcomes(dice: random.Random, known: Row) -> Iterator[Row]:
    """None while it is pending; else the live one, and perhaps later ones of the other layers."""
    statuses = ("detected", *SKIPPED_OR_BAD)
    layers = [("speed", 0.9), ("batch", 0.3), ("batch", 0.1), ("promoted", 0.1)]
    for run, (layer, chance) in enumerate(layers):
        if dice.random() < chance:
            status = dice.choices(statuses, (6, *([1] * len(SKIPPED_OR_BAD))))[0]
            seen = [_thing(dice) for _ in range(dice.randint(0, 4))] if status == "detected" else []
            finished = known["appended_at"] + timedelta(seconds=dice.choice([1, 1, 60 * dice.random()]))
            yield outcome(known, status, *seen, layer=layer, run_id=f"{layer}-{run}", finished_at=finished)


def _thing(dice: random.Random) -> Row:
    """Scores of the edges of bins too, as the nearest 32-bit number, which may lie below."""
    score = dice.choice([0.2 + 0.8 * dice.random(), dice.randint(4, 20) * 0.05])
    sectors = dice.choice(["top", "middle", "bottom"]), dice.choice(["left", "center", "right"])
    return thing(dice.choice(["cat", "dog", "person"]), float(np.float32(score)), *sectors)
