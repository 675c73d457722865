"""Loads the DAGs as Airflow does and prints them as one JSON object; run in a process of its own."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

HEAVY = ("pyspark", "tensorflow", "great_expectations", "pandas", "deltalake", "kafka", "cv2", "pyarrow")


def main() -> None:
    import airflow.providers.apache.spark.operators.spark_submit  # noqa: F401 - not counted as ours
    from airflow.dag_processing.dagbag import DagBag

    before = set(sys.modules)
    started = time.process_time()
    bag = DagBag()
    seconds = time.process_time() - started
    loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
    print(json.dumps({  # noqa: T201
        "errors": bag.import_errors,
        "heavy": sorted(loaded & set(HEAVY)),
        "cpu_s": seconds,
        "dags": {dag_id: described(dag) for dag_id, dag in bag.dags.items()},
        "connection": connection(),
    }))  # fmt: skip


def connection() -> list[str]:
    from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook

    resolved: dict[str, Any] = SparkSubmitHook(conn_id="spark_batch")._resolve_connection()
    return [resolved["master"], resolved["deploy_mode"]]


def described(dag: Any) -> dict[str, Any]:
    return {
        "file": dag.fileloc,
        "doc": dag.doc_md or "",
        "tags": sorted(dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "timetable": type(dag.timetable).__name__,
        "params": form(dag),
        "tasks": {task.task_id: of_task(task) for task in dag.tasks},
    }


def form(dag: Any) -> dict[str, Any]:
    return {name: dag.params.get_param(name).schema for name in dag.params}


def of_task(task: Any) -> dict[str, Any]:
    return {
        "type": type(task).__name__,
        "owner": task.owner,
        "retries": task.retries,
        "backoff": task.retry_exponential_backoff,
        "timeout_s": task.execution_timeout and task.execution_timeout.total_seconds(),
        "pool": task.pool,
        "connection": getattr(task, "_conn_id", None),
        "application": getattr(task, "application", None),
        "trigger_rule": task.trigger_rule.value,
        "upstream": sorted(task.upstream_task_ids),
        "downstream": sorted(task.downstream_task_ids),
        "outlets": [asset.name for asset in task.outlets],
        "tells": bool(task.on_failure_callback),
    }


if __name__ == "__main__":
    main()
