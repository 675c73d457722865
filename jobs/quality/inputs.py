"""Read the rows that an audit checks, without a JVM: some hours, as pandas DataFrames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pandas as pd
import pyarrow as pa
from deltalake import QueryBuilder
from deltalake.exceptions import DeltaError

from lake.config.lake_location import LakeLocation
from lake.contracts.camera_hour import RESENT_WITHIN_DAYS, UNKNOWN_CAMERA
from lake.contracts.hours import HOUR, Candidate, Scope
from lake.contracts.record_key import RECORD_KEY
from lake.contracts.wire_format import rfc3339
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE, HOURLY_COUNTS, OBJECTS_CANDIDATE
from lake.schema.schemas import DETECTIONS, DETECTOR_RUNS, FRAMES
from lake.schema.table import Table
from lake.storage.delta_tables import open_table

RESENT_WITHIN: Final = timedelta(days=RESENT_WITHIN_DAYS)
TRAILING: Final = timedelta(days=7)
"""The label mix of an hour is compared with the days before it."""
REPORTED: Final = 0.5
"""Labels are mixed over the objects that reports show by default; a score bin is 0.05 wide."""
KEY_COLUMNS: Final = ", ".join(f'"{name}"' for name in RECORD_KEY)
ORIGIN: Final = (
    f"{KEY_COLUMNS}, coalesce(camera_id, '{UNKNOWN_CAMERA}') AS camera_id, frame_id, observed_at,"
    " clock_skewed, replay_id, day, date_trunc('hour', observed_at) AS hour"
)


class CandidateGoneError(LookupError):
    """A version of a candidate table that can no longer be read."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of some hours; times are UTC with their zone.

    Attributes:
        frames, detections: those observed within the hours, replays included, without bytes and objects.
        objects, camera_hours: the candidates of the hours, as of their versions.
        resent: the records of frames whose id more than one record names, in the days around too.
        runs: `run_id`, `model` and `labels`, the SHA-256 of the model's labels file, of each detector run.
        mixes: `camera_id`, `label`, `day`, `objects`: published objects of the days before.
    """

    frames: pd.DataFrame
    detections: pd.DataFrame
    objects: pd.DataFrame
    camera_hours: pd.DataFrame
    resent: pd.DataFrame
    runs: pd.DataFrame
    mixes: pd.DataFrame


def read_inputs(root: LakeLocation, candidate: Candidate) -> Rows:
    """Read what the audit of a candidate needs; best a day at a time, since it is held in memory.

    Raises:
        CandidateGoneError: a version of the candidate was cleaned away.
    """
    tables = CandidateTables(root, candidate)
    scope = candidate.scope
    observed = (
        _span("observed_at", scope) + f" AND {_hours('date_trunc(' + repr('hour') + ', observed_at)', scope)}"
    )
    cameras = _cameras(f"coalesce(camera_id, '{UNKNOWN_CAMERA}')", scope)
    counted = f"{_hours('hour', scope)}{_cameras('camera_id', scope)}"
    outcome = (
        "layer, run_id, status, coalesce(cardinality(objects), 0) AS object_count, started_at, finished_at"
    )
    return Rows(
        frames=tables.query(
            f"SELECT {ORIGIN}, format, bytes, sha256 FROM frames WHERE {observed}{cameras}", FRAMES
        ),
        detections=tables.query(
            f"SELECT {ORIGIN}, {outcome} FROM detections WHERE {observed}{cameras}", DETECTIONS
        ),
        objects=tables.query(f"SELECT * FROM objects_candidate WHERE {counted}", OBJECTS_CANDIDATE),
        camera_hours=tables.query(
            f"SELECT * FROM camera_hours_candidate WHERE {counted}", CAMERA_HOURS_CANDIDATE
        ),
        resent=tables.query(_resent(scope, f"{observed}{cameras}"), DETECTIONS),
        runs=tables.query(
            "SELECT run_id, model, map_extract(model_sha256, 'labels.txt')[1] AS labels FROM detector_runs",
            DETECTOR_RUNS,
        ),
        mixes=tables.query(_mixes(scope), HOURLY_COUNTS),
    )


class CandidateTables:
    """Reads the tables at the versions of the audit."""

    def __init__(self, root: LakeLocation, candidate: Candidate) -> None:
        self._root = root
        self._versions: Mapping[str, int] = {
            OBJECTS_CANDIDATE.name: candidate.objects_version,
            CAMERA_HOURS_CANDIDATE.name: candidate.camera_hours_version,
        }

    def query(self, sql: str, table: Table) -> pd.DataFrame:
        """Run a query on one table.

        Raises:
            CandidateGoneError: a version of the candidate was cleaned away.
        """
        version = self._versions.get(table.name)
        try:
            stored = open_table(self._root / table.name, version)
            result = QueryBuilder().register(table.name, stored).execute(sql).read_all()
        except (DeltaError, FileNotFoundError) as error:
            if version is None:
                raise
            raise CandidateGoneError(
                f"version {version} of {table.name} can no longer be read: count the hours again ({error})"
            ) from error
        rows: pd.DataFrame = pa.table(result).to_pandas()
        return rows


def _span(column: str, scope: Scope) -> str:
    first, last = scope.hours[0], scope.hours[-1] + HOUR
    return f"{column} >= TIMESTAMP '{rfc3339(first)}' AND {column} < TIMESTAMP '{rfc3339(last)}'"


def _hours(expression: str, scope: Scope) -> str:
    return f"{expression} IN ({_moments(scope.hours)})"


def _moments(moments: Sequence[datetime]) -> str:
    return ", ".join(f"TIMESTAMP '{rfc3339(moment)}'" for moment in moments)


def _cameras(expression: str, scope: Scope) -> str:
    if scope.cameras is None:
        return ""
    return f" AND {expression} IN (" + ", ".join(f"'{name}'" for name in scope.cameras) + ")"


def _days(first: datetime, last: datetime) -> str:
    return f"day BETWEEN DATE '{first:%Y-%m-%d}' AND DATE '{last:%Y-%m-%d}'"


def _resent(scope: Scope, own: str) -> str:
    """Query resent frames; only the scope's own ids are compared, as nearby days may have 100 million."""
    near = _days(scope.hours[0] - RESENT_WITHIN, scope.hours[-1] + RESENT_WITHIN)
    differ = " OR ".join(f'min("{name}") <> max("{name}")' for name in RECORD_KEY)
    own_ids = f"frame_id IN (SELECT frame_id FROM detections WHERE {own})"
    repeated = f"SELECT frame_id FROM detections WHERE {near} AND {own_ids} GROUP BY frame_id HAVING {differ}"
    return (
        f"SELECT DISTINCT frame_id, {KEY_COLUMNS} FROM detections WHERE {near} AND frame_id IN ({repeated})"
    )


def _mixes(scope: Scope) -> str:
    days = _days(scope.hours[0] - TRAILING, scope.hours[-1])
    return f"""SELECT camera_id, hour, label, sum(object_count) AS objects FROM hourly_counts
    WHERE {days} AND score_bin > {REPORTED - 0.025} {_cameras("camera_id", scope)}
    GROUP BY camera_id, hour, label"""
