"""Health: the programs' own reports, and whether they are fresh."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lake.accounting.stream_checks import age_s, read_status_file
from stack.airflow.components import COMPONENTS
from stack.airflow.health import airflow_problem
from stack.kafka.broker import why_not_ready
from stack.programs.programs import DASHBOARD, KAFKAS, SPARKS, STREAM
from stack.programs.spark_daemons import spark_problem
from stack.site.clock import Clock
from stack.site.installation import Installation
from stack.site.ports import is_open

MAX_AGE_S: Final = 15.0
"""Programs write every 2 s; a pause of a busy machine is no problem."""


def health_file(installation: Installation, program: str) -> Path:
    """Return the health file of a program."""
    return installation.settings.run / f"{program}.json"


def read_health(installation: Installation, program: str) -> Mapping[str, Any]:
    """Read a program's last report; empty if there is none that can be read."""
    return read_status_file(health_file(installation, program))


def health_problem(
    installation: Installation, program: str, clock: Clock, pid: int | None = None
) -> str | None:
    """Return why a program is unhealthy, in a few words, or None.

    With a `pid`, reports of another process, such as one that just crashed, do not count.
    """
    if program in KAFKAS:
        return _broker_problem(installation, program)
    if program in COMPONENTS:
        return airflow_problem(installation, program, pid)
    if program in SPARKS:
        return spark_problem(installation.cluster, program)
    if program == DASHBOARD:
        port = installation.dashboard_port
        return None if is_open(port) else f"no answer at port {port}"
    health = read_health(installation, program)
    age = age_s(health.get("updated_at"), clock.now())
    if age is None or (pid is not None and health.get("pid") != pid):
        return "loading"
    if age > MAX_AGE_S:
        return f"no sign of life for {age:.0f} s"
    return _stream_problem(health) if program == STREAM else None


def _broker_problem(installation: Installation, program: str) -> str | None:
    """Check an embedded broker at its own address, external ones at any."""
    own = next((broker for broker in installation.brokers if broker.name == program), None)
    return why_not_ready(own.address, own.node) if own else why_not_ready(installation.settings.broker)


def _stream_problem(health: Mapping[str, Any]) -> str | None:
    if health.get("state") != "running":
        return str(health.get("state", "loading"))
    return health.get("paused")
