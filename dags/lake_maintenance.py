"""DAG that keeps the lake small and quick.

Every hour at 25 past; the job itself decides what is due: compaction of today's files hourly and of closed
days once, removal of tombstones daily, retention daily. Each piece leaves a row in `maintenance_reports`.

**By hand**: *Trigger* with the kind of work, and a dry run that only reports.
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, Param, dag

from dags.scheduling.defaults import DEFAULTS, LAUNCH
from dags.scheduling.forms import dry_run
from dags.scheduling.spark_job import SparkJob

WORK = Param(
    "due",
    type="string",
    enum=["due", "optimize", "vacuum", "retention", "all"],
    title="Work",
    description="What to do: whatever is due, one kind of it, or all.",
)


@dag(
    schedule=CronTriggerTimetable("25 * * * *", timezone="UTC"),
    start_date=LAUNCH,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    default_args=DEFAULTS,
    params={"work": WORK, **dry_run()},
    tags=["batch layer", "maintenance"],
    doc_md=__doc__,
)
def lake_maintenance() -> None:
    """Maintain all tables in one job, since two would only wait for each other."""
    dry = "{{ '--dry-run' if params.dry_run else '' }}"
    SparkJob(
        task_id="maintain_lake",
        job="maintenance/maintain_lake",
        plan={"arguments": ["--work", "{{ params.work }}", dry]},
        minutes=120,
    )


lake_maintenance()
