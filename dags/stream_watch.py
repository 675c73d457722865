"""DAG that watches the speed layer.

Every five minutes; fails with a plain sentence when the stream is stale or lags, or a camera went silent.
It starts no Spark, and mends nothing: the supervisor restarts what ended.
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag, task

from dags.scheduling.defaults import DEFAULTS, LAUNCH


@task
def watch_stream() -> None:
    """Fail with all problems; a retry rides out a restart."""
    import os

    from lake.accounting.stream_checks import StreamUnhealthyError, find_problems
    from lake.config.settings import Settings
    from lake.contracts.clock import utc_now

    if problems := find_problems(Settings.from_env(os.environ), utc_now()):
        raise StreamUnhealthyError("; ".join(problems))


@dag(
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=LAUNCH,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    default_args=DEFAULTS,
    tags=["speed layer", "watch"],
    doc_md=__doc__,
)
def stream_watch() -> None:
    """Check the speed layer once."""
    watch_stream()


stream_watch()
