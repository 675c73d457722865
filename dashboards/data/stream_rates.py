"""Speed of the streaming queries and their lag behind the broker, by minute. No JVM."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from deltalake.exceptions import TableNotFoundError

from lake.config.lake_location import LakeLocation
from lake.contracts.hours import HourError
from lake.contracts.wire_format import rfc3339
from lake.schema.schemas import STREAM_PROGRESS
from lake.storage.reader import read_rows
from lake.storage.sql_literals import days_between

MAX_SPAN: Final = timedelta(days=7)
"""As long as the table is kept."""


@dataclass(frozen=True, slots=True)
class QueryMinute:
    """Progress of one streaming query in one minute.

    Attributes:
        minute: UTC, its start.
        query: the streaming query.
        batches: micro-batches that were triggered in it.
        rows: records that they read.
        trigger_p50_ms, trigger_p95_ms: median and 95th percentile of their durations, to 0.1 ms.
        behind: records that the last of them left unread at the broker.
    """

    minute: datetime
    query: str
    batches: int
    rows: int
    trigger_p50_ms: float
    trigger_p95_ms: float
    behind: int


def query_minutes(root: LakeLocation, first: datetime, last: datetime) -> tuple[QueryMinute, ...]:
    """Return the queries' progress by minute and query; minutes without a micro-batch are left out.

    Args:
        root: root folder of the tables.
        first: UTC; no micro-batch that was triggered before counts.
        last: UTC; nor any that was triggered then or later.

    Returns:
        Nothing where the table does not exist.

    Raises:
        HourError: `last` comes before `first`, or more than 7 days after it.
    """
    if not timedelta(0) <= last - first <= MAX_SPAN:
        raise HourError(
            f"{rfc3339(first)} to {rfc3339(last)}: ask for at most {MAX_SPAN.days} days, in order"
        )
    try:
        rows = read_rows(root, _sql(first, last), STREAM_PROGRESS)
    except TableNotFoundError:
        return ()
    return tuple(QueryMinute(**row) for row in rows)


def _sql(first: datetime, last: datetime) -> str:
    began, ended = (f"TIMESTAMP '{rfc3339(moment)}'" for moment in (first, last))
    days = days_between("p", first.astimezone(UTC).date(), last.astimezone(UTC).date())
    took = "CAST(p.trigger_ms AS DOUBLE)"
    return f"""
    SELECT date_trunc('minute', p.started_at) AS minute, p.query AS query, count(*) AS batches,
           sum(p.rows) AS rows, round(percentile_cont({took}, 0.5), 1) AS trigger_p50_ms,
           round(percentile_cont({took}, 0.95), 1) AS trigger_p95_ms,
           last_value(p.behind ORDER BY p.started_at, p.batch_id) AS behind
    FROM stream_progress p
    WHERE {days} AND p.started_at >= {began} AND p.started_at < {ended}
    GROUP BY 1, 2 ORDER BY 1, 2"""
