"""Plan a synthetic history: what every camera sees in every hour, and its outages; no rows yet.

All of it follows from a seed. A plan is small (hours by cameras), so that its rows can be written hour by
hour in bounded memory (`jobs.demo.rows`), each hour from a random generator of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np

from jobs.demo.cameras import MAX_CAMERAS, camera_names, scene_of
from lake.contracts.hours import HOUR, format_hour, hour_of

MAX_DAYS: Final = 90
MAX_OBJECTS: Final = 10_000_000
MAX_FRAMES: Final = 900
"""Per hour and camera: three of four pictures that a camera takes every 3 s; gaps need the rest."""
MIN_FRAMES: Final = 240
"""Per hour and camera: one every 15 s also where nothing moves, which counts as most of the hour seen."""
OBJECTS_PER_FRAME: Final = 1.4
MAX_OBJECTS_PER_HOUR: Final = MAX_FRAMES * 45
"""Of one camera: the model tells at most 100 objects apart on one frame."""
DAYS_BETWEEN_OUTAGES: Final = 10
FIRST_YEAR: Final = 2000
MAX_SEED: Final = 2**32 - 1


class HistoryError(ValueError):
    """A history that cannot be made; the message names the value and the remedy."""


@dataclass(frozen=True, slots=True)
class History:
    """Parameters of a history: whole days of hours that end with the last full hour before `end` (UTC).

    Attributes:
        seed: the same seed and end give the same rows.
        days: length, at most 90.
        cameras: how many, at most 50.
        objects: how many are seen in all, at most 10 million.
        end: a moment with a zone.
    """

    seed: int
    days: int
    cameras: int
    objects: int
    end: datetime

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        _check_range("seed", self.seed, 0, MAX_SEED)
        _check_range("days", self.days, 1, MAX_DAYS)
        _check_range("cameras", self.cameras, 1, MAX_CAMERAS)
        _check_range("objects", self.objects, 1, MAX_OBJECTS)
        if self.end.tzinfo is None:
            raise HistoryError(f"--end {self.end.isoformat()} has no time zone; for UTC add a Z")
        if self.end.year < FIRST_YEAR:
            raise HistoryError(
                f"--end {self.end.isoformat()} is before any camera: give a year from {FIRST_YEAR} on"
            )

    @property
    def hour_count(self) -> int:
        """Total number of hours."""
        return self.days * 24

    @property
    def first(self) -> datetime:
        """Start of the first hour, UTC."""
        return hour_of(self.end) - timedelta(days=self.days)

    @property
    def names(self) -> list[str]:
        """Camera ids."""
        return camera_names(self.cameras)

    def hour(self, number: int) -> datetime:
        """Return the start of an hour, counted from 0; the one after the last is the end."""
        return self.first + number * HOUR


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise HistoryError(f"--{name} {value} must be from {low} to {high}")


@dataclass(frozen=True)
class Plan:
    """A history by hours and cameras: all arrays are [hours, cameras].

    Attributes:
        history: its parameters.
        outages: whether the camera is off for the whole hour.
        objects: how many objects are seen; 0 in outages, else at least 1.
        frames: how many frames come in; 0 in outages.
    """

    history: History
    outages: np.ndarray
    objects: np.ndarray
    frames: np.ndarray

    @cached_property
    def sessions(self) -> np.ndarray:
        """Number of the agent's session: incremented after each outage."""
        ended = np.diff(self.outages.astype(np.int64), axis=0, prepend=0) == -1
        return np.asarray(ended.cumsum(axis=0))

    @cached_property
    def sequences(self) -> np.ndarray:
        """Number, within its session, of the hour's first frame."""
        before = self.frames.cumsum(axis=0) - self.frames
        opens = np.diff(self.sessions, axis=0, prepend=-1) != 0
        return np.asarray(before - np.maximum.accumulate(np.where(opens, before, 0), axis=0))

    def listed_outages(self) -> list[dict[str, Any]]:
        """List each outage as camera, first hour and the hour after its last, by time."""
        edges = np.diff(self.outages.astype(np.int8), axis=0, prepend=0, append=0)
        outages = []
        for camera, name in enumerate(self.history.names):
            starts, ends = np.nonzero(edges[:, camera] == 1)[0], np.nonzero(edges[:, camera] == -1)[0]
            outages += [(int(start), name, int(end)) for start, end in zip(starts, ends, strict=True)]
        hour = self.history.hour
        return [
            {"camera": name, "from": format_hour(hour(start)), "to": format_hour(hour(end))}
            for start, name, end in sorted(outages)
        ]


def plan_history(history: History) -> Plan:
    """Draw at random, from the seed, what every camera sees in every hour.

    Raises:
        HistoryError: so many or so few objects do not fit into the hours.
    """
    random = np.random.default_rng([history.seed, 0])
    outages = _outages(history, random)
    objects = _objects(history, ~outages, _weights(history, random), random)
    return Plan(history, outages, objects, _frames(objects, random))


def _outages(history: History, random: np.random.Generator) -> np.ndarray:
    """Draw outages of single cameras, at least one in all, each at most a quarter of the history long."""
    is_out = np.zeros((history.hour_count, history.cameras), dtype=bool)
    count = 1 + int(random.poisson(history.days * history.cameras / DAYS_BETWEEN_OUTAGES))
    lengths = np.minimum(random.geometric(0.2, count), min(30, history.hour_count // 4))
    for length in lengths[: history.days * history.cameras * 2]:
        start = int(random.integers(1, history.hour_count - length))
        is_out[start : start + length, random.integers(history.cameras)] = True
    return is_out


def _weights(history: History, random: np.random.Generator) -> np.ndarray:
    """Draw the weight of each hour and camera: by time of day, weekday, and chance."""
    starts = [history.hour(number) for number in range(history.hour_count)]
    clock = np.array([start.hour for start in starts], dtype=float)
    weekend = np.array([start.weekday() >= 5 for start in starts])
    columns = []
    for camera in range(history.cameras):
        scene = scene_of(camera)
        days = np.repeat(random.lognormal(0, 0.15, history.days), 24)
        hours = random.lognormal(0, 0.25, history.hour_count)
        columns.append(
            scene.busy * scene.activity(clock) * np.where(weekend, scene.weekend, 1) * days * hours
        )
    return np.stack(columns, axis=1)


def _objects(
    history: History, live: np.ndarray, weights: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Distribute exactly the requested objects, at least one wherever a camera is not off."""
    spare = history.objects - int(live.sum())
    if spare < 0:
        raise HistoryError(
            f"--objects {history.objects} are too few for one in each of the {live.sum()} hours of "
            f"{history.cameras} cameras: give at least {live.sum()}, or fewer --days or --cameras"
        )
    chances = np.where(live, weights, 0).ravel()
    objects = live + random.multinomial(spare, chances / chances.sum()).reshape(live.shape)
    busiest = int(objects.max())
    if busiest > MAX_OBJECTS_PER_HOUR:
        most = history.objects * MAX_OBJECTS_PER_HOUR // busiest
        raise HistoryError(
            f"--objects {history.objects} are too many for {history.days} days of {history.cameras} cameras:"
            f" give at most about {most}, or more --days or --cameras"
        )
    return np.asarray(objects)


def _frames(objects: np.ndarray, random: np.random.Generator) -> np.ndarray:
    density = OBJECTS_PER_FRAME * random.lognormal(0, 0.15, objects.shape)
    frames = np.clip(np.ceil(objects / density), MIN_FRAMES, MAX_FRAMES).astype(np.int64)
    return np.where(objects > 0, frames, 0)
