"""States of Airflow's DAGs, from its REST API, as a read-only user."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from lake.contracts.wire_format import moment

USER: Final = "viewer"
TIMEOUT_S: Final = 15.0
"""Its one process answers slowly while it starts, or while a run does."""
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DAGS: Final = 50
"""Each costs a request of its own."""
REFUSED: Final = (401, 403)
"""The first for a wrong password or a token that is too old; the second for one that it did not sign."""
Answer = Mapping[str, Any]


class AirflowAwayError(ConnectionError):
    """Airflow does not answer, or not as it should; the message holds the cure."""


class AirflowRefusesError(PermissionError):
    """Airflow does not accept the user or the password."""


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG; times are UTC, None if still to come.

    Attributes:
        run_id: unique among the runs of its DAG.
        state: queued, running, success or failed.
        run_type: scheduled, manual, backfill, asset_triggered and so on, in Airflow's words.
        due_at: from when on it might run.
        started_at, ended_at: when it did.
    """

    run_id: str
    state: str
    run_type: str
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DagState:
    """One DAG.

    Attributes:
        dag_id: its name.
        paused: whether its schedule stands still.
        broken: whether its file cannot be imported.
        schedule: in Airflow's words; empty where it has none.
        next_at: UTC, from when on its next run may begin; None where only an event starts it.
        last: the run that was due last; None before the first.
    """

    dag_id: str
    paused: bool
    broken: bool
    schedule: str
    next_at: datetime | None
    last: DagRun | None


class Airflow:
    """Client of one Airflow; keeps its token until it is refused.

    Args:
        address: of its API, host:port.
        passwords: JSON file, user → password, as Airflow's simple auth manager reads it.
    """

    def __init__(self, address: str, passwords: Path) -> None:
        self._address, self._passwords = address, passwords
        self._token = ""

    def states(self) -> tuple[DagState, ...]:
        """Return all DAGs by name, at most MAX_DAGS.

        Raises:
            AirflowAwayError: it does not answer, or with something else than DAGs.
            AirflowRefusesError: it does not accept the password.
        """
        path = f"/api/v2/dags?{urlencode({'order_by': 'dag_id', 'limit': MAX_DAGS})}"
        return tuple(self._state(dag) for dag in _objects(self._get(path), "dags")[:MAX_DAGS])

    def _state(self, dag: Answer) -> DagState:
        dag_id = str(dag.get("dag_id"))
        newest = f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns?order_by=-run_after&limit=1"
        runs = _objects(self._get(newest), "dag_runs")
        return DagState(
            dag_id,
            paused=dag.get("is_paused") is True,
            broken=dag.get("has_import_errors") is True,
            schedule=str(dag.get("timetable_description") or dag.get("timetable_summary") or ""),
            next_at=moment(dag.get("next_dagrun_run_after")),
            last=_parse_run(runs[0]) if runs else None,
        )

    def _get(self, path: str) -> Answer:
        had_token = bool(self._token)
        self._token = self._token or self._login()
        status, answer = self._ask("GET", path, None)
        if status in REFUSED and had_token:
            self._token = self._login()
            status, answer = self._ask("GET", path, None)
        if status in REFUSED:
            self._token = ""
            raise self._refused()
        return _check_answer(status, answer, path)

    def _login(self) -> str:
        self._token = ""
        status, answer = self._ask("POST", "/auth/token", {"username": USER, "password": self._password()})
        if status in REFUSED:
            raise self._refused()
        return str(_check_answer(status, answer, "/auth/token").get("access_token"))

    def _refused(self) -> AirflowRefusesError:
        return AirflowRefusesError(
            f"Airflow refuses the password of {USER} in {self._passwords.name}: ./pycturestream down, then up"
        )

    def _password(self) -> str:
        try:
            passwords = json.loads(self._passwords.read_text("utf-8"))
        except FileNotFoundError as error:
            raise AirflowAwayError("Airflow was never started here: ./pycturestream up") from error
        except (OSError, ValueError) as error:
            raise AirflowAwayError(f"{self._passwords.name} of Airflow cannot be read: {error}") from error
        return str(passwords.get(USER, "")) if isinstance(passwords, dict) else ""

    def _ask(self, method: str, path: str, body: object) -> tuple[int, Any]:
        """Return status and answer, None if not JSON; follows no redirects and uses no proxy."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        headers |= {"Authorization": f"Bearer {self._token}"} if self._token else {}
        connection = HTTPConnection(self._address, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, _parse_json(answer.read(MAX_BYTES))
        except (OSError, HTTPException) as error:
            raise AirflowAwayError(
                f"Airflow does not answer at {self._address} ({error or type(error).__name__}): "
                "./pycturestream status says whether it runs, ./pycturestream up starts it"
            ) from error
        finally:
            connection.close()


def _parse_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _check_answer(status: int, answer: Any, path: str) -> Answer:
    if status // 100 == 2 and isinstance(answer, dict):
        return answer
    raise AirflowAwayError(
        f"Airflow answers {path.partition('?')[0]} with HTTP {status} and nothing usable: "
        "./pycturestream logs airflow-api"
    )


def _objects(answer: Answer, name: str) -> Sequence[Answer]:
    items = answer.get(name)
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return items
    raise AirflowAwayError(f"Airflow's answer has no {name}: is it another program that listens there?")


def _parse_run(run: Answer) -> DagRun:
    run_id, state, run_type = (str(run.get(name) or "") for name in ("dag_run_id", "state", "run_type"))
    times = [moment(run.get(name)) for name in ("run_after", "start_date", "end_date")]
    return DagRun(run_id, state, run_type, *times)
