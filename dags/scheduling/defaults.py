"""Defaults of all DAGs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.sdk import Asset

from dags.scheduling.failures import tell_failure

LAUNCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Before it nothing is scheduled; a backfill may not reach behind it."""
OBJECTS_CANDIDATE: Final = Asset("objects_candidate")
HOURLY_COUNTS: Final = Asset("hourly_counts")
SPARK_POOL: Final = "spark"
SPARK_CONNECTION: Final = "spark_batch"

DEFAULTS: Final[dict[str, Any]] = {
    "owner": "pycturestream",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(minutes=10),
    "on_failure_callback": tell_failure,
}
