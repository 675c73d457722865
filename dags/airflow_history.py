"""DAG that prunes Airflow's own history.

Every day at 03:40 UTC; forgets runs and deletes logs of tasks older than `PYCTURESTREAM_AIRFLOW_DAYS` (30).
What the lake knows of those hours stays. Without this, a system left alone for a year would hold 100,000
runs of `stream_watch`.
"""

from __future__ import annotations

import sys

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import CronTriggerTimetable, dag

from dags.scheduling.defaults import DEFAULTS, LAUNCH


@dag(
    schedule=CronTriggerTimetable("40 3 * * *", timezone="UTC"),
    start_date=LAUNCH,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    default_args=DEFAULTS,
    tags=["maintenance"],
    doc_md=__doc__,
)
def airflow_history() -> None:
    """Run the cleanup as a process of its own: tasks have no access to Airflow's database."""
    # The path of the Python may hold a space, and bash reads this.
    BashOperator(
        task_id="trim_history",
        bash_command='"$PYTHON" -P -m stack.programs.run_airflow trim',
        env={"PYTHON": sys.executable},
        append_env=True,
    )


airflow_history()
