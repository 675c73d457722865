"""DAG that evaluates all models on the same pictures, to find the one that suits this site.

Only **by hand**: *Trigger* opens a form for the models, a folder of pictures on this machine, and the least
score that is reported; left empty it compares every model that is there on frames of the demo clips.
`evaluate_models` writes one HTML page, whose place its log tells at the end, and a row per model and picture
into the table `model_evaluations`. A picture that cannot be read is a row with its error.

Safe to run again: a run replaces its own rows.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from dags.scheduling.defaults import DEFAULTS, LAUNCH
from dags.scheduling.evaluation_form import evaluation_fields
from dags.scheduling.outcomes import told_to_airflow
from dags.scheduling.spark_job import SparkJob


@task(multiple_outputs=False)
def choose_pictures(**context: Any) -> dict[str, Any]:
    """Read the form, and check that its folder exists."""
    from dags.scheduling.evaluation_plan import evaluation_arguments

    with told_to_airflow():
        return {"arguments": evaluation_arguments(context["params"])}


@dag(
    schedule=None,
    start_date=LAUNCH,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    default_args=DEFAULTS,
    params=evaluation_fields(),
    tags=["models"],
    doc_md=__doc__,
)
def evaluate_models() -> None:
    """Choose the pictures and evaluate."""
    SparkJob(task_id="evaluate_models", job="evaluation/evaluate_models", plan=choose_pictures())


evaluate_models()
