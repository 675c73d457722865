"""A web server that answers as Airflow's REST API does, with DAGs typed by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PASSWORD = "looks only"
TOKEN = "ey.token"
HOSTILE_DAG = "<img src=x onerror=alert(2)>"


def dag(dag_id: str, **own: Any) -> dict[str, Any]:
    """A DAG as `/api/v2/dags` lists it; what nobody reads is left out."""
    return {
        "dag_id": dag_id, "dag_display_name": dag_id, "is_paused": False, "is_stale": False,
        "has_import_errors": False, "description": None, "timetable_summary": "0 * * * *",
        "timetable_description": "At 0 minutes past the hour", "next_dagrun_logical_date": None,
        "next_dagrun_run_after": "2026-11-20T13:00:00Z", "tags": [], "owners": ["airflow"],
    } | own  # fmt: skip


def run(dag_id: str, state: str, **own: Any) -> dict[str, Any]:
    """A run as `/api/v2/dags/{dag}/dagRuns` lists it."""
    return {
        "dag_run_id": f"scheduled__{dag_id}", "dag_id": dag_id, "state": state, "run_type": "scheduled",
        "logical_date": "2026-11-20T11:00:00Z", "run_after": "2026-11-20T12:00:00Z",
        "queued_at": "2026-11-20T12:00:00.5Z", "start_date": "2026-11-20T12:00:01Z",
        "end_date": "2026-11-20T12:01:06Z", "duration": 65.0, "conf": {}, "note": None,
    } | own  # fmt: skip


DAGS = [
    dag("data_quality", timetable_summary="Asset", timetable_description="Triggered by assets",
        next_dagrun_run_after=None),
    dag("hourly_counts"),
    dag("lake_maintenance", is_paused=True),
    dag(HOSTILE_DAG, has_import_errors=True, timetable_description=None, timetable_summary=None,
        next_dagrun_run_after=None),
]  # fmt: skip
RUNS = {
    "data_quality": run("data_quality", "failed", run_type="asset_triggered"),
    "hourly_counts": run("hourly_counts", "success"),
    "lake_maintenance": run("lake_maintenance", "running", end_date=None, run_type="manual"),
}


class FakeAirflow:
    """What it answers may be changed while it runs.

    Attributes:
        port: where it listens.
        dags, runs: what it knows; the runs by the name of their DAG.
        tokens: how many it gave.
        valid: whether it accepts the token that it gave.
        away: whether it hangs up without an answer.
        instead: status and body of every answer, if any.
    """

    def __init__(self) -> None:
        self.port = 0
        self.dags, self.runs = list(DAGS), dict(RUNS)
        self.tokens, self.valid, self.away = 0, True, False
        self.instead: tuple[int, bytes] | None = None
        self.asked: list[str] = []

    def answer(self, method: str, path: str, body: Any, token: str | None) -> tuple[int, bytes]:
        if self.instead:
            return self.instead
        parts = urlsplit(path)
        self.asked.append(parts.path)
        if (method, parts.path) == ("POST", "/auth/token"):
            return self._login(body)
        if token != f"Bearer {TOKEN}{self.tokens}" or not self.valid:
            return (403 if token else 401), b'{"detail": "Invalid JWT token"}'
        words = parse_qs(parts.query)
        if parts.path == "/api/v2/dags":
            assert words == {"order_by": ["dag_id"], "limit": ["50"]}
            return 200, said({"dags": self.dags, "total_entries": len(self.dags)})
        name = unquote(parts.path.removeprefix("/api/v2/dags/").removesuffix("/dagRuns"))
        assert words == {"order_by": ["-run_after"], "limit": ["1"]}
        found = [self.runs[name]] if name in self.runs else []
        return 200, said({"dag_runs": found, "total_entries": len(found)})

    def _login(self, body: Any) -> tuple[int, bytes]:
        if body != {"username": "viewer", "password": PASSWORD}:
            return 401, b'{"detail": "Invalid credentials"}'
        self.tokens += 1
        return 201, said({"access_token": f"{TOKEN}{self.tokens}"})


def said(answer: Any) -> bytes:
    return json.dumps(answer).encode()


@contextmanager
def airflow_answering() -> Iterator[FakeAirflow]:
    """A running one; it is ended for good."""
    fake = FakeAirflow()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_said("GET")

        def do_POST(self) -> None:
            self.send_said("POST")

        def send_said(self, method: str) -> None:
            if fake.away:
                self.close_connection = True
                return
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, content = fake.answer(method, self.path, body, self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_words: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_passwords(data: Path, password: str = PASSWORD) -> Path:
    """The file in which Airflow keeps its users' passwords."""
    file = data / "airflow" / "passwords.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"admin": "all", "viewer": password}))
    return file
