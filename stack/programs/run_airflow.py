"""Become an Airflow process, or do what is to be done beside one.

`python -m stack.programs.run_airflow COMPONENT`
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, NoReturn

from lake.config.settings import PROJECT_ROOT
from stack.airflow.components import (
    COMPONENTS,
    SCHEDULER,
    SPARK_POOL,
    airflow_environment,
    airflow_home,
    component_command,
    database,
    places,
)
from stack.airflow.credentials import make_secrets
from stack.airflow.history import clean_command, oldest_kept, trim_logs
from stack.programs.kafka_users import BATCH, environment_of
from stack.programs.processes import GONE_ERRORS, marked
from stack.programs.programs import spark_environment
from stack.site.installation import Installation

PREPARE, TRIM = "prepare", "trim"
SETTING_UP = (
    ("db", "migrate"),
    ("pools", "set", SPARK_POOL, "1", "Spark jobs run one after the other, beside the stream"),
)
"""Commands of Airflow that a new or older database needs."""
IDLE_WORKER: Final = "LocalExecutor: <idle>"
"""How Airflow titles a worker process that waits for a task."""
NICENESS = 2
"""Added niceness: while everything starts at once, the stream comes first."""


def environment(installation: Installation) -> dict[str, str]:
    """The environment of Airflow, its secrets made and Spark's configuration written where missing."""
    secrets = make_secrets(airflow_home(installation))
    base = environment_of(BATCH, spark_environment(installation))
    return airflow_environment(installation, base, secrets)


def is_prepared(installation: Installation) -> bool:
    """Whether database and pool are there, as this version of Airflow wants them."""
    try:
        own = not places(installation).database
        return own and database(installation).exists() and stamp(installation).read_text("utf-8") == _wanted()
    except OSError:
        return False


def stamp(installation: Installation) -> Path:
    """Says for what the database was prepared last."""
    return airflow_home(installation) / "prepared.json"


def _wanted() -> str:
    return json.dumps({"airflow": version("apache-airflow"), "commands": SETTING_UP})


def prepare(installation: Installation) -> None:
    """Bring the database to this version, and make the pool."""
    _ask_airflow(installation, SETTING_UP)
    stamp(installation).write_text(_wanted(), "utf-8")


def trim(installation: Installation, now: datetime) -> None:
    """Forget runs and delete logs that are too old; UTC."""
    before = oldest_kept(installation, now)
    _ask_airflow(installation, [clean_command(before)])
    print(f"{trim_logs(installation, before)} logs from before {before:%Y-%m-%d} deleted")  # noqa: T201


def _ask_airflow(installation: Installation, commands: Iterable[Sequence[str]]) -> None:
    """Run Airflow's own commands in this one process, since loading takes longest."""
    os.environ.update(environment(installation))
    from airflow.cli.cli_parser import get_parser

    for command in commands:
        arguments = get_parser().parse_args(list(command))
        arguments.func(arguments)


def end_orphans(installation: Installation) -> None:
    """End the idle workers that a killed scheduler left; those at work end their task first."""
    for process in marked(installation.config):
        try:
            if IDLE_WORKER in " ".join(process.cmdline()):
                process.kill()  # It takes no notice of SIGTERM while it waits.
        except GONE_ERRORS:
            continue


def exec_module(installation: Installation, module: str, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by a Python module, in Airflow's environment."""
    env = environment(installation)
    os.execve(sys.executable, [sys.executable, "-P", "-m", module, *arguments], env)


def main(arguments: Sequence[str]) -> None:
    """Run the component, or set the database up."""
    installation = Installation.from_env(os.environ, PROJECT_ROOT)
    name = arguments[0] if arguments else ""
    if name == PREPARE:
        os.nice(NICENESS)
        prepare(installation)
    elif name == TRIM:
        trim(installation, datetime.now(UTC))
    elif name in COMPONENTS:
        os.nice(NICENESS)
        if name == SCHEDULER:  # The only one that has workers, and there is none but this.
            end_orphans(installation)
        module, *rest = component_command(installation, name)
        exec_module(installation, module, rest)
    else:
        sys.exit(f"{name!r} is no part of Airflow; there are {', '.join((PREPARE, TRIM, *COMPONENTS))}")


if __name__ == "__main__":
    main(sys.argv[1:])
