"""Health: what the programs say about themselves, and whether that is fresh."""

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
"""Programs write every 2 s; a pause of a busy machine is no illness."""


def health_file(installation: Installation, program: str) -> Path:
    """Where a program says how it is."""
    return installation.settings.run / f"{program}.json"


def read_health(installation: Installation, program: str) -> Mapping[str, Any]:
    """What a program last said; empty when it said nothing that can be read."""
    return read_status_file(health_file(installation, program))


def health_problem(
    installation: Installation, program: str, clock: Clock, pid: int | None = None
) -> str | None:
    """What keeps a program from being healthy, in a few words; None when nothing does.

    With a `pid`, what another process said, such as one that just crashed, does not count.
    """
    if program in KAFKAS:
        return _of_broker(installation, program)
    if program in COMPONENTS:
        return airflow_problem(installation, program, pid)
    if program in SPARKS:
        return spark_problem(installation.cluster, program)
    if program == DASHBOARD:
        port = installation.dashboard_port
        return None if is_open(port) else f"no answer at port {port}"
    said = read_health(installation, program)
    age = age_s(said.get("updated_at"), clock.now())
    if age is None or (pid is not None and said.get("pid") != pid):
        return "loading"
    if age > MAX_AGE_S:
        return f"no sign of life for {age:.0f} s"
    return _of_stream(said) if program == STREAM else None


def _of_broker(installation: Installation, program: str) -> str | None:
    """An embedded one is asked at its own address, brokers of others at any."""
    own = next((broker for broker in installation.brokers if broker.name == program), None)
    return why_not_ready(own.address, own.node) if own else why_not_ready(installation.settings.broker)


def _of_stream(said: Mapping[str, Any]) -> str | None:
    if said.get("state") != "running":
        return str(said.get("state", "loading"))
    return said.get("paused")
