"""DAG that audits what was counted before it is published.

Started by the Asset `objects_candidate`. `check_quality` runs the expectations over exactly the versions that
were counted, publishes each hour and camera without a critical failure, and holds the others: they keep what
was published last. `announce_published` tells the Asset `hourly_counts`; `gate` fails, with the reasons, when
anything was held. One run may stand for several counts, and does all of their hours.

**By hand**: *Trigger* with hours audits their newest count again; without any, the last full hour.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from dags.scheduling.defaults import DEFAULTS, HOURLY_COUNTS, LAUNCH, OBJECTS_CANDIDATE
from dags.scheduling.forms import cameras, hours
from dags.scheduling.outcomes import told_to_airflow
from dags.scheduling.spark_job import SparkJob


@task(multiple_outputs=False)
def choose_candidates(**context: Any) -> dict[str, Any]:
    """Choose what to audit: the candidates of all events, or the hours of the form."""
    from dags.scheduling.hour_plan import audit_plan

    events = (context.get("triggering_asset_events") or {}).get(OBJECTS_CANDIDATE, ())
    with told_to_airflow():
        return audit_plan(context["dag_run"], context["params"], [event.extra for event in events])


@task(outlets=[HOURLY_COUNTS])
def announce_published(**context: Any) -> None:
    """Announce the published hours to the DAGs that wait for them."""
    from dags.scheduling.announcements import published_hours

    with told_to_airflow():
        context["outlet_events"][HOURLY_COUNTS].extra = published_hours(context["run_id"])


@task(retries=0)
def gate(**context: Any) -> None:
    """Fail, with the reasons, if an hour was held."""
    from dags.scheduling.announcements import refuse_held

    with told_to_airflow():
        refuse_held(context["run_id"])


@dag(
    schedule=[OBJECTS_CANDIDATE],
    start_date=LAUNCH,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=2,
    default_args=DEFAULTS,
    params={**hours(), **cameras()},
    tags=["batch layer", "quality"],
    doc_md=__doc__,
)
def data_quality() -> None:
    """Choose, check and publish, announce."""
    checked = SparkJob(task_id="check_quality", job="quality/check_quality", plan=choose_candidates())
    checked >> [announce_published(), gate()]


data_quality()
