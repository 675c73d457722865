"""Counts, checks and publishes an invented history by the batch layer's own jobs, some days at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pyspark.sql import SparkSession

from jobs import count_objects
from jobs.check_quality import audit, decide
from jobs.demo_history import Plan
from lake.hours import Scope, said
from lake.tables import Lake

MOST_HOURS: Final = 7 * 24
MOST_ROWS: Final = 250_000
"""Objects and frames counted at once, unless a single hour has more."""

log = logging.getLogger("demo_events")


@dataclass(frozen=True, slots=True)
class Published:
    """How many hours of cameras were published, and how many held."""

    published: int = 0
    held: int = 0


def publish_history(
    spark: SparkSession, lake: Lake, plan: Plan, run_id: str, now: Callable[[], datetime], docs: Path
) -> Published:
    """Publish all hours of a plan whose rows are in the lake.

    Args:
        spark: the session.
        lake: the tables.
        plan: what was written.
        run_id: names the run in all that it writes.
        now: the clock, UTC.
        docs: folder of the Data Docs.
    """
    good = bad = 0
    for scope in _scopes(plan):
        candidate = count_objects.run(spark, lake, scope, run_id, now(), tell=log.debug)
        found = audit(lake.root, candidate, run_id, now(), docs)
        decide(lake, candidate, found, run_id, now(), lambda: spark)
        good, bad = good + len(found.passed), bad + len(found.held)
        log.info("published up to the hour of %s: %d hours of cameras", said(scope.hours[-1]), good)
        for (hour, camera), reasons in found.held.items():
            log.warning("held %s, %s: %s", said(hour), camera, "; ".join(reasons))
    return Published(good, bad)


def _scopes(plan: Plan) -> Iterator[Scope]:
    cameras, rows = tuple(plan.history.names), (plan.objects + plan.frames).sum(axis=1).tolist()
    start = held = 0
    for number, more in enumerate(rows):
        if number > start and (number - start == MOST_HOURS or held + more > MOST_ROWS):
            yield Scope(tuple(map(plan.history.hour, range(start, number))), cameras)
            start, held = number, 0
        held += more
    yield Scope(tuple(map(plan.history.hour, range(start, len(rows)))), cameras)
