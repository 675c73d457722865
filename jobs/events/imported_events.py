"""Imported event files in the lake: each is a detector run of its own, named by its SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self

from jobs.events.event_rows import ReadOptions
from lake.config.lake_location import LakeLocation
from lake.contracts.camera_hour import CameraHour
from lake.contracts.wire_format import IMPORTED_TOPIC
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS
from lake.storage.reader import read_rows
from lake.views.publication_states import decisions

MODEL: Final = "unknown: events of the first version"
REPORTED: Final = 0.5
"""Threshold of the first version's reports."""
SHORT: Final = 12
"""Digits of a SHA-256 that are shown."""


@dataclass(frozen=True, slots=True)
class Import:
    """An event file that was, or shall be, imported.

    Attributes:
        name: of the file.
        sha256: of the file; stands for the UUID of a topic.
        zone: in which its times are read.
        configuration: hash over all options that determine its rows.
        at: UTC, when the import began.
    """

    name: str
    sha256: str
    zone: str
    configuration: str
    at: datetime

    @classmethod
    def of(cls, name: str, sha256: str, options: ReadOptions, at: datetime) -> Self:
        """Describe a file that shall be imported."""
        parts = [sha256, options.zone, sorted(options.cameras), sorted(options.names.items())]
        return cls(name, sha256, options.zone, hashlib.sha256(json.dumps(parts).encode()).hexdigest(), at)

    @classmethod
    def of_run(cls, row: Mapping[str, Any]) -> Self:
        """Read an import from its row of `detector_runs`."""
        [(name, sha256)] = dict(row["model_sha256"]).items()
        zone = str(row["engine"]).rpartition(" ")[2]
        return cls(name, sha256, zone, row["configuration_sha256"], row["started_at"])

    @property
    def run_id(self) -> str:
        """Id of the import in all that it writes."""
        return f"{IMPORTED_TOPIC}-{self.sha256[:SHORT]}"

    @property
    def row_condition(self) -> str:
        """SQL condition for this import's rows of frames and objects."""
        return f"topic = '{IMPORTED_TOPIC}' AND topic_id = '{self.sha256}'"

    def to_run(self) -> dict[str, Any]:
        """Return the row of `detector_runs`."""
        return {
            "run_id": self.run_id,
            "layer": "batch",
            "engine": f"none: times read in {self.zone}",
            "model": MODEL,
            "model_sha256": [(self.name, self.sha256)],
            "policy": "all",
            "stored_score": REPORTED,
            "report_threshold": REPORTED,
            "configuration_sha256": self.configuration,
            "started_at": self.at,
        }


def imports_of(root: LakeLocation) -> list[Import]:
    """Return all imports that were begun, the oldest first."""
    sql = f"SELECT * FROM detector_runs WHERE model = '{MODEL}' ORDER BY started_at, run_id"
    return [Import.of_run(row) for row in read_rows(root, sql, DETECTOR_RUNS)]


def is_stored(root: LakeLocation, about: Import) -> bool:
    """Return whether the import's rows are in the lake."""
    return bool(
        read_rows(root, f"SELECT 1 AS one FROM detections WHERE {about.row_condition} LIMIT 1", DETECTIONS)
    )


@dataclass(frozen=True, slots=True)
class Extent:
    """Frames and objects of an import, and the UTC moments of its first and last frame."""

    frames: int
    objects: int
    first: datetime | None
    last: datetime | None


def extent_of(root: LakeLocation, about: Import) -> Extent:
    """Measure what is in the lake of an import."""
    sql = f"""SELECT count(*) AS frames, coalesce(sum(cardinality(objects)), 0) AS objects,
    min(observed_at) AS first, max(observed_at) AS last FROM detections WHERE {about.row_condition}"""
    [row] = read_rows(root, sql, DETECTIONS)
    return Extent(int(row["frames"]), int(row["objects"]), row["first"], row["last"])


def hours_of(root: LakeLocation, about: Import) -> dict[CameraHour, int]:
    """Return hour and camera of an import → number of frames and objects, in the order of time."""
    sql = f"""SELECT date_trunc('hour', observed_at) AS hour, camera_id,
    count(*) + sum(cardinality(objects)) AS found
    FROM detections WHERE {about.row_condition} GROUP BY 1, 2 ORDER BY 1, 2"""
    return {(row["hour"], row["camera_id"]): int(row["found"]) for row in read_rows(root, sql, DETECTIONS)}


def undecided(root: LakeLocation, about: Import) -> dict[CameraHour, int]:
    """Return those of the import's hours that were not published or held since it began."""
    hours = hours_of(root, about)
    if not hours:
        return {}
    days: list[date] = [hour.date() for hour, _ in hours]
    near = f"day BETWEEN DATE '{min(days)}' AND DATE '{max(days)}'"
    decided = {
        (row["hour"], row["camera_id"]) for row in decisions(root, near) if row["decided_at"] >= about.at
    }
    return {pair: count for pair, count in hours.items() if pair not in decided}
