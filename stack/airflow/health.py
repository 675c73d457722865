"""Health of Airflow's components, from its own API."""

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

AIRFLOW_NAMES: Final = {SCHEDULER: "scheduler", DAGS: "dag_processor", TRIGGERER: "triggerer"}
"""Our names of the components that write heartbeats → Airflow's."""


def monitor(installation: Installation) -> Mapping[str, Any]:
    """Read the health of all components from Airflow's API; empty if it does not answer."""
    try:
        with urllib.request.urlopen(f"{address(installation)}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except (URLError, OSError, ValueError):
        return {}
    return health if isinstance(health, dict) else {}


def airflow_problem(installation: Installation, name: str, pid: int | None) -> str | None:
    """Return why a component is unhealthy, in a few words, or None."""
    if name == LOGS:
        port = installation.airflow_logs_port
        return None if is_open(port) else f"no answer at port {port}"
    health = monitor(installation)
    if not health:
        return "loading" if name == API else "waiting for airflow-api"
    component = "metadatabase" if name == API else AIRFLOW_NAMES[name]
    return component_problem(health.get(component), component, started_at(pid))


def component_problem(health: Any, component: str, since: float | None) -> str | None:
    """Return why a component is unhealthy, from its part of the answer, or None.

    A heartbeat from before `since`, seconds since the epoch, does not count.

    >>> component_problem({"status": "unhealthy"}, "triggerer", None)
    'loading'
    """
    if not isinstance(health, dict) or health.get("status") != "healthy":
        return "loading"
    beat = health.get(f"latest_{component}_heartbeat")
    if since is not None and beat and datetime.fromisoformat(beat).timestamp() < since:
        return "loading"
    return None


def started_at(pid: int | None) -> float | None:
    """Return when a process started, seconds since the epoch; None if it is gone."""
    try:
        return psutil.Process(pid).create_time() if pid else None
    except psutil.Error:
        return None
