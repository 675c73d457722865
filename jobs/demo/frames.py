"""Draw the frames of one synthetic hour: their times of capture and arrival, and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from jobs.demo.history import MIN_FRAMES, Plan
from lake.contracts.wire_format import TOPIC_PARTITIONS

SLOTS: Final = 1200
"""Pictures that a camera takes in an hour."""
SLOT_US: Final = 3_000_000
BLOCKS: Final = 12
"""Intervals of an hour, some busier than others."""
GAPS, LONGEST_GAP = 0.1, 300
"""Share of the hours in which a camera sends nothing for a while, and the most slots that takes."""
CORRUPT, SKIPPED = 0.0004, 0.04
"""Shares of the frames that cannot be decoded, and that the speed layer skips."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of one hour, each array [frames], in the order of partition and offset.

    Times are microseconds since 1970, UTC. `nth` counts a camera's frames within the hour from 0.
    """

    camera: np.ndarray
    nth: np.ndarray
    captured: np.ndarray
    sent: np.ndarray
    appended: np.ndarray
    partition: np.ndarray
    corrupt: np.ndarray
    skipped: np.ndarray

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.camera)

    @classmethod
    def draw(cls, plan: Plan, number: int, random: np.random.Generator) -> Self:
        """Draw the frames of an hour; a camera's first one is never corrupt, so that it can show objects."""
        camera, slot, nth = _slots(plan.frames[number], random)
        count, start = len(camera), int(plan.history.hour(number).timestamp()) * 1_000_000
        captured = start + slot * SLOT_US + random.integers(0, SLOT_US // 2, count)
        sent = captured + draw_waits(random, 35, 5, 300, count)
        appended = (
            -(-(sent + draw_waits(random, 8, 1, 200, count)) // 1000) * 1000
        )  # Kafka knows milliseconds
        partition, chance = camera % TOPIC_PARTITIONS, random.random(count)
        order = np.lexsort((appended, partition))
        columns = (
            camera,
            nth,
            captured,
            sent,
            appended,
            partition,
            (chance < CORRUPT) & (nth > 0),
            chance > 1 - SKIPPED,
        )
        return cls(*(column[order] for column in columns))

    def offsets(self, before: np.ndarray) -> np.ndarray:
        """Return each frame's offset, given the number of earlier frames in each partition."""
        counts = np.bincount(self.partition, minlength=TOPIC_PARTITIONS)
        opens = counts.cumsum() - counts
        return np.asarray(before[self.partition] + np.arange(len(self)) - opens[self.partition])


def draw_waits(
    random: np.random.Generator, usual_ms: float, low_ms: float, high_ms: float, count: int
) -> np.ndarray:
    """Draw waiting times in microseconds, most of them short and a few long."""
    drawn = random.lognormal(np.log(usual_ms), 0.45, count).clip(low_ms, high_ms)
    return np.asarray((drawn * 1000).astype(np.int64))


def _slots(frames: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw camera, slot and number of each frame: distinct slots for each camera, none in its gap.

    There is a frame every 15 s, and further ones where it is busy.

    The slots with the smallest of exponential times divided by weights are a weighted sample without
    replacement (Efraimidis and Spirakis, 2006).
    """
    cameras = len(frames)
    busy = np.repeat(random.gamma(0.8, size=(cameras, BLOCKS)) + 0.05, SLOTS // BLOCKS, axis=1)
    times = random.exponential(size=(cameras, SLOTS)) / busy
    times[:, :: SLOTS // MIN_FRAMES] = 0  # sent whether something moves or not
    times[_gaps(cameras, random)] = np.inf
    order = times.argsort(axis=1, kind="stable").argsort(axis=1)
    camera, slot = np.nonzero(order < frames[:, None])
    return camera, slot, np.arange(len(camera)) - (frames.cumsum() - frames)[camera]


def _gaps(cameras: int, random: np.random.Generator) -> np.ndarray:
    """Draw the slots [cameras, SLOTS] in which nothing is sent."""
    length = random.integers(40, LONGEST_GAP, cameras) * (random.random(cameras) < GAPS)
    start = random.integers(0, SLOTS - LONGEST_GAP, cameras)
    slot = np.arange(SLOTS)
    return np.asarray((slot >= start[:, None]) & (slot < (start + length)[:, None]))
