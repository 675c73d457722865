"""Counts, checks and publishes hours that are over by the batch layer's own steps, some days at a time."""

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
    """How many hours of cameras were published, and how many held."""

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
        only: decide about these hours and cameras of the scopes; all unless told.
    """
    good = bad = 0
    for scope in scopes:
        candidate = count_objects.run(spark, lake, scope, run_id, now(), tell=log.debug)
        found = _among(audit(lake.root, candidate, run_id, now(), docs), only)
        decide(lake, candidate, found, run_id, now(), lambda: spark)
        good, bad = good + len(found.passed), bad + len(found.held)
        log.info("published up to the hour of %s: %d hours of cameras", format_hour(scope.hours[-1]), good)
        for (hour, camera), reasons in found.held.items():
            log.warning("held %s, %s: %s", format_hour(hour), camera, "; ".join(reasons))
    return Published(good, bad)


def _among(found: Audit, only: Collection[CameraHour] | None) -> Audit:
    if only is None:
        return found
    passed = [about for about in found.passed if about in only]
    return replace(
        found, passed=passed, held={about: why for about, why in found.held.items() if about in only}
    )


def scopes_of(rows: Mapping[datetime, int], cameras: tuple[str, ...]) -> Iterator[Scope]:
    """Hours in parts that are counted at once.

    Args:
        rows: hour (UTC) to its objects and frames; in the order of time.
        cameras: of all of them.
    """
    part: list[datetime] = []
    held = 0
    for hour, more in rows.items():
        if part and (len(part) == MAX_HOURS or held + more > MAX_ROWS):
            yield Scope(tuple(part), cameras)
            part, held = [], 0
        part.append(hour)
        held += more
    if part:
        yield Scope(tuple(part), cameras)
