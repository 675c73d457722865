"""Count, check and publish past hours by the batch layer's own steps, some days at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from pyspark.sql import SparkSession

from jobs.hours import count_objects
from jobs.quality.check_quality import Audit, audit, decide
from lake.contracts.camera_hour import CameraHour
from lake.contracts.hours import Scope, format_hour
from lake.storage.tables import Lake

MAX_HOURS: Final = 7 * 24
MAX_ROWS: Final = 250_000
"""Objects and frames counted at once, unless a single hour has more."""

log = logging.getLogger("publish")


@dataclass(frozen=True, slots=True)
class Published:
    """Numbers of hours of cameras that were published, and held."""

    published: int = 0
    held: int = 0


def publish_scopes(
    spark: SparkSession,
    lake: Lake,
    scopes: Iterable[Scope],
    run_id: str,
    now: Callable[[], datetime],
    docs: Path,
    only: Collection[CameraHour] | None = None,
) -> Published:
    """Publish hours whose rows are in the lake.

    Args:
        spark: the session.
        lake: the tables.
        scopes: one after another.
        run_id: names the run in all that it writes.
        now: the clock, UTC.
        docs: folder of the Data Docs.
        only: decide about these hours and cameras of the scopes; None for all.
    """
    published = held = 0
    for scope in scopes:
        candidate = count_objects.run(spark, lake, scope, run_id, now(), tell=log.debug)
        result = _only(audit(lake.root, candidate, run_id, now(), docs), only)
        decide(lake, candidate, result, run_id, now(), lambda: spark)
        published, held = published + len(result.passed), held + len(result.held)
        log.info(
            "published up to the hour of %s: %d hours of cameras", format_hour(scope.hours[-1]), published
        )
        for (hour, camera), reasons in result.held.items():
            log.warning("held %s, %s: %s", format_hour(hour), camera, "; ".join(reasons))
    return Published(published, held)


def _only(result: Audit, only: Collection[CameraHour] | None) -> Audit:
    if only is None:
        return result
    passed = [about for about in result.passed if about in only]
    return replace(
        result,
        passed=passed,
        held={about: reasons for about, reasons in result.held.items() if about in only},
    )


def scopes_of(rows: Mapping[datetime, int], cameras: tuple[str, ...]) -> Iterator[Scope]:
    """Split hours into scopes that are each counted at once.

    Args:
        rows: hour (UTC) to its objects and frames; in the order of time.
        cameras: cameras of all hours.
    """
    part: list[datetime] = []
    size = 0
    for hour, count in rows.items():
        if part and (len(part) == MAX_HOURS or size + count > MAX_ROWS):
            yield Scope(tuple(part), cameras)
            part, size = [], 0
        part.append(hour)
        size += count
    if part:
        yield Scope(tuple(part), cameras)
