"""Count, check and publish a synthetic history by the batch layer's own jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.demo.history import Plan
from jobs.pipeline.publish_scopes import Published, publish_scopes, scopes_of
from lake.storage.tables import Lake


def publish_history(
    spark: SparkSession, lake: Lake, plan: Plan, run_id: str, now: Callable[[], datetime], docs: Path
) -> Published:
    """Publish all hours of a plan whose rows are in the lake.

    Args:
        spark: the session.
        lake: the tables.
        plan: the plan whose rows were written.
        run_id: names the run in all that it writes.
        now: the clock, UTC.
        docs: folder of the Data Docs.
    """
    counts = (plan.objects + plan.frames).sum(axis=1).tolist()
    rows = {plan.history.hour(number): count for number, count in enumerate(counts)}
    return publish_scopes(spark, lake, scopes_of(rows, tuple(plan.history.names)), run_id, now, docs)
