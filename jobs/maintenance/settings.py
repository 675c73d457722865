"""Settings of the maintenance: how long each table is kept; read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Self

from lake.config.settings import Settings, number, whole
from lake.contracts.wire_format import IMPORTED_TOPIC
from lake.schema.batch_schemas import (
    CAMERA_HOURS_CANDIDATE,
    MINUTE_COUNTS,
    OBJECTS_CANDIDATE,
    PUBLISHED_OBJECTS,
    QUALITY_RESULTS,
)
from lake.schema.schemas import CAMERA_STATUS, DETECTIONS, FRAMES, STREAM_PROGRESS
from lake.schema.table import Table

DEMO_CAMERA: Final = "demo"
GB: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Retention:
    """Rule for how long the rows of a table are kept; UTC days, the present one not counted.

    Attributes:
        table: the table.
        days: rows of days before these are deleted.
        where: only rows that fulfil this SQL condition; None for all rows.
        max_bytes: then whole days are deleted, oldest first, until the files fit; today stays.
    """

    table: Table
    days: int
    where: str | None = None
    max_bytes: int | None = None

    def condition(self, before: date) -> str:
        """Return a SQL condition for the rows of days before a day."""
        past = f"day < DATE '{before}'"
        return past if self.where is None else f"{past} AND {self.where}"

    def first_kept(self, now: datetime) -> date:
        """Return the oldest day of which rows are kept."""
        return now.date() - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class MaintenanceSettings:
    """Settings of the maintenance.

    Attributes:
        shared: what all programs share.
        frames_days, frames_bytes: pictures are kept so long and so many, whichever is less.
        demo_frames_days: those of the demo camera.
        detections_days: detections, and what was published of single objects and minutes.
        candidates_days: recounts before their audit.
        quality_days: results of the audits.
        progress_days: micro-batches of the streaming application.
        status_days: notices about cameras; their names and places stay.
    """

    shared: Settings
    frames_days: int = 7
    frames_bytes: int = 20 * GB
    demo_frames_days: int = 1
    detections_days: int = 400
    candidates_days: int = 30
    quality_days: int = 400
    progress_days: int = 7
    status_days: int = 30

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping, `os.environ` in production."""
        return cls(
            shared=Settings.from_env(env),
            frames_days=whole(env, "FRAMES_DAYS"),
            frames_bytes=int(number(env, "FRAMES_GB") * GB),
            demo_frames_days=whole(env, "DEMO_FRAMES_DAYS"),
            detections_days=whole(env, "DETECTIONS_DAYS"),
            candidates_days=whole(env, "CANDIDATES_DAYS"),
            quality_days=whole(env, "QUALITY_DAYS"),
            progress_days=whole(env, "PROGRESS_DAYS"),
            status_days=whole(env, "STATUS_DAYS"),
        )

    def rules(self) -> tuple[Retention, ...]:
        """Return the rules of retention; a table without one is kept for ever.

        Hourly counts, coverage and decisions are small, and every chart's history. Imported events are
        older than the lake, and stay until they are removed.
        """
        demo, ours = f"camera_id = '{DEMO_CAMERA}'", f"topic <> '{IMPORTED_TOPIC}'"
        return (
            Retention(FRAMES, self.demo_frames_days, where=demo),
            Retention(FRAMES, self.frames_days, max_bytes=self.frames_bytes),
            Retention(DETECTIONS, self.detections_days, where=ours),
            Retention(OBJECTS_CANDIDATE, self.candidates_days),
            Retention(CAMERA_HOURS_CANDIDATE, self.candidates_days),
            Retention(PUBLISHED_OBJECTS, self.detections_days, where=ours),
            Retention(MINUTE_COUNTS, self.detections_days),
            Retention(QUALITY_RESULTS, self.quality_days),
            Retention(STREAM_PROGRESS, self.progress_days),
            Retention(CAMERA_STATUS, self.status_days),
        )
