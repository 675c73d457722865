"""The whole system as `pycturestream up` starts it, in a folder and on ports of its own."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.support.running.programs import QUICK_TO_START, ROOT, free_ports, wait_for
from lake.config.settings import PREFIX
from lake.schema.batch_schemas import PUBLICATIONS
from lake.storage.reader import read_rows
from stack.airflow.credentials import read_passwords
from stack.programs.processes import marked
from stack.site.installation import PORTS

UP_S = 900.0
RUN_S = 720.0
"""A run starts up to three JVMs at the lowest priority, and may wait until its hour is 5 minutes past."""
ASKED_EVERY_S = 1.0
"""Each question costs Airflow's server processor time that the run needs."""
DONE = ("success", "failed")


class RefusedError(RuntimeError):
    """An answer of Airflow's API other than 2xx."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class WholeSystem:
    """Started and stopped by the command that people use."""

    def __init__(self, data: Path, environ: Mapping[str, str]) -> None:
        self.data = data
        self._tokens: dict[str, str] = {}
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.kafka = f"127.0.0.1:{ports['KAFKA_PORT']}"
        self.url = f"http://127.0.0.1:{ports['AIRFLOW_PORT']}"
        own = {"DATA": str(data), "TIME_ZONE": "UTC", **{name: str(port) for name, port in ports.items()}}
        inherited = {name: value for name, value in os.environ.items() if name != PREFIX + "KAFKA"}
        java = {"JDK_JAVA_OPTIONS": QUICK_TO_START}
        self.env = {**inherited, **{PREFIX + name: value for name, value in own.items()}, **java, **environ}

    def command(self, *arguments: str, patience_s: float = 120) -> str:
        """Output of the command, which must succeed."""
        done = subprocess.run(
            [str(ROOT / "pycturestream"), *arguments],
            env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=patience_s,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def up(self, *options: str) -> None:
        """Start everything and wait until it runs."""
        self.command("up", *options, patience_s=UP_S)

    def down(self) -> None:
        """Stop everything; nothing may be left."""
        self.command("down", patience_s=180)
        left = [process.cmdline() for process in marked(self.data / "run" / "supervisord.conf")]
        assert left == []

    def password(self, user: str) -> str:
        """Password of an Airflow user."""
        return read_passwords(self.data / "airflow")[user]

    def token(self, user: str) -> str:
        """The user's first one: it is good for a day."""
        if user not in self._tokens:
            said = {"username": user, "password": self.password(user)}
            self._tokens[user] = str(self._ask("POST", "/auth/token", said, None)["access_token"])
        return self._tokens[user]

    def api(self, method: str, path: str, body: object = None, user: str | None = "admin") -> dict[str, Any]:
        """An answer of Airflow's API; without a user no token is sent."""
        return self._ask(method, f"/api/v2{path}", body, self.token(user) if user else None)

    def _ask(self, method: str, path: str, body: object, token: str | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:  # it holds the connection
                raise RefusedError(error.code) from error

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """All runs of a DAG, the newest last."""
        return list(self.api("GET", f"/dags/{dag}/dagRuns?order_by=run_after&limit=100")["dag_runs"])

    def finished(self, dag: str, **wanted: Any) -> dict[str, Any]:
        """The newest run of a DAG with these values, once it ended."""

        def ended() -> dict[str, Any] | None:
            found = [run for run in self.runs(dag) if wanted.items() <= run.items()]
            return found[-1] if found and found[-1]["state"] in DONE else None

        return wait_for(f"end of a run of {dag} with {wanted}", ended, RUN_S, ASKED_EVERY_S)

    def task_states(self, run: Mapping[str, Any]) -> dict[str, str]:
        """Task → state of a run."""
        path = f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances"
        return {one["task_id"]: one["state"] for one in self.api("GET", path)["task_instances"]}

    def publications(self) -> list[dict[str, Any]]:
        """Rows of `publications`, in the order of the decisions."""
        return read_rows(self.data / "lake", "SELECT * FROM publications ORDER BY decided_at", PUBLICATIONS)

    def task_logs(self) -> str:
        """The end of every task's log, for a test that failed."""
        logs = sorted((self.data / "airflow" / "logs").glob("dag_id=*/**/*.log"))
        return "\n".join(f"== {log}\n{log.read_text(errors='replace')[-2000:]}" for log in logs)
