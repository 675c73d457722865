"""DAG that recounts each hour completely.

Every hour, `plan_hours` waits until the archives have stored what came in the hour, and adds the hours of the
last days that late records reopened. `detect_skipped` analyses what the speed layer skipped, `count_objects`
counts the hours anew, and `announce_candidate` hands the count to its audit, the DAG `data_quality`.

**By hand**: *Trigger* opens a form for the first and last hour (UTC), cameras and a dry run; without any it
does the last full hour. *This hour so far* counts without publishing. *Backfill* does a range of hours.

Safe to run again and twice at once: a recount replaces exactly its hours and cameras.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronDataIntervalTimetable, Param, PokeReturnValue, dag, task

from dags.scheduling.defaults import DEFAULTS, LAUNCH, OBJECTS_CANDIDATE
from dags.scheduling.forms import cameras, dry_run, hours
from dags.scheduling.outcomes import told_to_airflow
from dags.scheduling.spark_job import SparkJob

SO_FAR = Param(
    False,
    type=["null", "boolean"],
    title="This hour so far",
    description="Count the hour that still runs, without publishing it. Leave the hours empty.",
)


@task.sensor(mode="reschedule", poke_interval=30, timeout=3600)
def plan_hours(**context: Any) -> PokeReturnValue:
    """Decide which hours to count, and wait, bounded, for the archives."""
    from dags.scheduling.hour_plan import plan

    with told_to_airflow():
        decided = plan(context["dag_run"], context["params"])
    return PokeReturnValue(is_done=decided is not None, xcom_value=decided)


@task(outlets=[OBJECTS_CANDIDATE])
def announce_candidate(plan: Any, **context: Any) -> None:
    """Pass the versions that hold the count on to its audit."""
    from dags.scheduling.announcements import counted_candidate

    with told_to_airflow():
        extra = counted_candidate(plan, context["run_id"])
    context["outlet_events"][OBJECTS_CANDIDATE].extra = extra


@dag(
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=LAUNCH,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=2,
    default_args=DEFAULTS,
    params={**hours(), **cameras(), "so_far": SO_FAR, **dry_run()},
    tags=["batch layer", "counts"],
    doc_md=__doc__,
)
def hourly_counts() -> None:
    """Plan, detect, count, announce."""
    planned = plan_hours()
    detected = SparkJob(task_id="detect_skipped", job="hours/detect_skipped", plan=planned)
    counted = SparkJob(
        task_id="count_objects",
        job="hours/count_objects",
        plan=planned,
        trigger_rule="none_failed_min_one_success",
    )
    planned >> detected >> counted >> announce_candidate(planned)


hourly_counts()
