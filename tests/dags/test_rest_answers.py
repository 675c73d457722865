"""Whether the answers with which the dashboard is tested are those of Airflow's own models."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.dashboards.airflow_answers import dag, run

FIELDS = """
import json
from airflow.api_fastapi.core_api.datamodels.dag_run import DAGRunCollectionResponse, DAGRunResponse
from airflow.api_fastapi.core_api.datamodels.dags import DAGCollectionResponse, DAGResponse
models = DAGCollectionResponse, DAGResponse, DAGRunCollectionResponse, DAGRunResponse
print(json.dumps([list(model.model_fields) for model in models]))
"""


def test_every_field_of_the_typed_answers_is_airflows(airflow_env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIELDS], env=airflow_env, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    dags, a_dag, runs, a_run = map(set, json.loads(done.stdout.splitlines()[-1]))
    assert set(dag("a")) <= a_dag
    assert set(run("a", "success")) <= a_run
    assert ("dags" in dags, "dag_runs" in runs) == (True, True)
