"""Import an event file of the first version: checked whole, written in one commit, then published."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
from filelock import FileLock, Timeout
from pyspark.sql import SparkSession

from jobs.events.event_frames import MOMENT, StagedRows, stage
from jobs.events.event_rows import ReadOptions, read_events
from jobs.events.imported_events import SHORT, Import, imports_of, is_stored, undecided
from jobs.events.write_events import write_import
from jobs.pipeline.publish_scopes import Published, publish_scopes, scopes_of
from lake.config.lake_location import LakeLocation
from lake.config.settings import Settings
from lake.contracts.data_docs import QUALITY
from lake.contracts.hours import HOUR
from lake.contracts.wire_format import Status, rfc3339
from lake.schema.schemas import DETECTIONS
from lake.storage.files import sha256_of
from lake.storage.reader import read_table
from lake.storage.tables import Lake

LOCK: Final = "events.lock"

log = logging.getLogger("events")


class EventsBusyError(RuntimeError):
    """Another import or removal is running on this lake."""


class ImportedOtherwiseError(ValueError):
    """The file is in the lake already, read in another way."""


class EventsKnownError(ValueError):
    """Frames of the file are in the lake already, from elsewhere: they would count twice."""


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """An import that is complete.

    Attributes:
        about: the import.
        staged: the rows read; None where the file was in the lake before.
        done: hours that this run published or held.
    """

    about: Import
    staged: StagedRows | None
    done: Published


@contextmanager
def exclusive_lock(settings: Settings) -> Iterator[Path]:
    """Lock out other imports and removals; yield an empty folder that is deleted afterwards.

    Raises:
        EventsBusyError: one is running.
    """
    folder = settings.run / "events"
    settings.run.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.run / LOCK, timeout=0):
            shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder)
    except Timeout as error:
        raise EventsBusyError("another import or removal of events is at work: wait for it to end") from error


def import_events(
    settings: Settings,
    file: Path,
    options: ReadOptions,
    spark: Callable[[], SparkSession],
    now: Callable[[], datetime],
    *,
    publish: bool = True,
) -> ImportSummary:
    """Import a file that is not in the lake yet, and publish those of its hours without a decision.

    Killed at any moment and run again, it ends as if it had never been interrupted.

    Args:
        settings: of the lake, whose tables exist.
        file: the event file.
        options: options of reading.
        spark: returns the session, which only publishing needs.
        now: the clock, UTC.
        publish: whether to count, check and publish.

    Raises:
        EventsBusyError: another import is running.
        EventRowError, JsonRowsError: a row is invalid; then nothing was written.
        ImportedOtherwiseError, EventsKnownError: the file, or its frames, are in the lake.
        OSError: the file cannot be read.
    """
    about = Import.of(file.name, sha256_of(file), options, now())
    lake = Lake(settings.lake)
    with exclusive_lock(settings) as folder:
        earlier, staged = _find_earlier_import(lake.root, about), None
        if earlier is None:
            with file.open(encoding="utf-8-sig") as text:
                staged = stage(read_events(text, options, about.at), folder / "rows.parquet")
            check_frames_are_new(lake.root, staged)
            write_import(lake, about, staged)
        done = _publish(settings, earlier or about, spark, now) if publish else Published()
    return ImportSummary(earlier or about, staged, done)


def _find_earlier_import(root: LakeLocation, about: Import) -> Import | None:
    """Return the earlier import of the same file, or None."""
    earlier = next((item for item in imports_of(root) if item.sha256 == about.sha256), None)
    if earlier is None or not is_stored(root, earlier):
        return None
    if earlier.configuration != about.configuration:
        raise ImportedOtherwiseError(
            f"{about.name} was imported with other options, as {earlier.sha256[:SHORT]} in zone"
            f" {earlier.zone}: take that out first, with `events remove {earlier.sha256[:SHORT]}`"
        )
    return earlier


def check_frames_are_new(root: LakeLocation, staged: StagedRows) -> None:
    """Check that no frame of a file is in the lake.

    A frame is the same if camera and time are, to the microsecond. This detects an event file that has
    grown, or one that was exported from this lake.

    Raises:
        EventsKnownError: some are.
    """
    if not staged.rows:
        return
    names = ", ".join(f"'{name}'" for name in staged.cameras)
    same = f"camera_id IN ({names}) AND status = '{Status.DETECTED}' AND replay_id IS NULL"
    span = f"day BETWEEN DATE '{staged.days[0]}' AND DATE '{staged.days[-1]}'"
    sql = f"SELECT DISTINCT to_date(observed_at) AS day FROM detections WHERE {span} AND {same}"
    busy = set(read_table(root, sql, DETECTIONS)["day"].to_pylist())
    for day in (day for day in staged.days if day in busy):
        sql = f"SELECT camera_id, observed_at, topic_id FROM detections WHERE day = DATE '{day}' AND {same}"
        _check_rows_are_new(staged.of_day(day), read_table(root, sql, DETECTIONS))


def _check_rows_are_new(rows: pa.Table, stored: pa.Table) -> None:
    keys = ["camera_id", "observed_at"]
    stored = stored.cast(pa.schema([(keys[0], pa.string()), (keys[1], MOMENT), ("topic_id", pa.string())]))
    duplicates = rows.join(stored, keys, join_type="inner").sort_by("row").slice(0, 1).to_pylist()
    for row in duplicates:
        raise EventsKnownError(
            f"row {row['row']}: {row['camera_id']} has a frame of {rfc3339(row['observed_at'])} in the lake"
            f" already, of topic id {row['topic_id'][:SHORT]}; imported, it would count twice. `events list`"
            " tells what was imported before, `events remove` takes it out, --rename gives a camera another"
            " name"
        )


def _publish(
    settings: Settings, about: Import, spark: Callable[[], SparkSession], now: Callable[[], datetime]
) -> Published:
    """Publish past hours; the hourly run publishes the others."""
    lake, at = Lake(settings.lake), now()
    pending = {pair: rows for pair, rows in undecided(lake.root, about).items() if pair[0] + HOUR <= at}
    if not pending:
        return Published()
    rows: dict[datetime, int] = {}
    for (hour, _), count in pending.items():
        rows[hour] = rows.get(hour, 0) + count
    scopes = scopes_of(rows, tuple(sorted({camera for _, camera in pending})))
    return publish_scopes(spark(), lake, scopes, about.run_id, now, settings.data / QUALITY, pending.keys())
