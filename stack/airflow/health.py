"""Health of Airflow's components, as its own API tells it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.error import URLError

import psutil

from stack.airflow.components import API, DAGS, LOGS, SCHEDULER, TRIGGERER, address
from stack.site.installation import Installation
from stack.site.ports import is_open

WORDS: Final = {SCHEDULER: "scheduler", DAGS: "dag_processor", TRIGGERER: "triggerer"}
"""Our names of the components that write heartbeats → Airflow's."""


def monitor(installation: Installation) -> Mapping[str, Any]:
    """What Airflow's API says of all components; empty when it does not answer."""
    try:
        with urllib.request.urlopen(f"{address(installation)}/api/v2/monitor/health", timeout=5) as answer:
            said = json.load(answer)
    except (URLError, OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def airflow_problem(installation: Installation, name: str, pid: int | None) -> str | None:
    """What keeps a component from being healthy, in a few words; None when nothing does."""
    if name == LOGS:
        port = installation.airflow_logs_port
        return None if is_open(port) else f"no answer at port {port}"
    said = monitor(installation)
    if not said:
        return "loading" if name == API else "waiting for airflow-api"
    word = "metadatabase" if name == API else WORDS[name]
    return component_problem(said.get(word), word, started_at(pid))


def component_problem(said: Any, word: str, since: float | None) -> str | None:
    """The same for one component's part of the answer; a heartbeat from before `since` does not count.

    >>> component_problem({"status": "unhealthy"}, "triggerer", None)
    'loading'
    """
    if not isinstance(said, dict) or said.get("status") != "healthy":
        return "loading"
    beat = said.get(f"latest_{word}_heartbeat")
    if since is not None and beat and datetime.fromisoformat(beat).timestamp() < since:
        return "loading"
    return None


def started_at(pid: int | None) -> float | None:
    """When a process started, seconds since the epoch; None when it is gone."""
    try:
        return psutil.Process(pid).create_time() if pid else None
    except psutil.Error:
        return None
