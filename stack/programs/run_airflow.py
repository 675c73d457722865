"""Become an Airflow process, or maintain its database and logs.

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
SETUP_COMMANDS = (
    ("db", "migrate"),
    ("pools", "set", SPARK_POOL, "1", "Spark jobs run one after the other, beside the stream"),
)
"""Commands of Airflow that a new or older database needs."""
IDLE_WORKER: Final = "LocalExecutor: <idle>"
"""How Airflow titles a worker process that waits for a task."""
NICENESS = 2
"""Added niceness: while everything starts at once, the stream comes first."""


def environment(installation: Installation) -> dict[str, str]:
    """Return the environment of Airflow; create its secrets if missing, and write Spark's configuration."""
    secrets = make_secrets(airflow_home(installation))
    base = environment_of(BATCH, spark_environment(installation))
    return airflow_environment(installation, base, secrets)


def is_prepared(installation: Installation) -> bool:
    """Return whether database and pool are set up for this version of Airflow."""
    try:
        uses_sqlite = not places(installation).database
        return (
            uses_sqlite
            and database(installation).exists()
            and stamp(installation).read_text("utf-8") == _expected_stamp()
        )
    except OSError:
        return False


def stamp(installation: Installation) -> Path:
    """Return the file that records for which version the database was prepared."""
    return airflow_home(installation) / "prepared.json"


def _expected_stamp() -> str:
    return json.dumps({"airflow": version("apache-airflow"), "commands": SETUP_COMMANDS})


def prepare(installation: Installation) -> None:
    """Migrate the database to this version, and create the pool."""
    _run_airflow_commands(installation, SETUP_COMMANDS)
    stamp(installation).write_text(_expected_stamp(), "utf-8")


def trim(installation: Installation, now: datetime) -> None:
    """Delete runs and logs that are too old; `now` in UTC."""
    before = oldest_kept(installation, now)
    _run_airflow_commands(installation, [clean_command(before)])
    print(f"{trim_logs(installation, before)} logs from before {before:%Y-%m-%d} deleted")  # noqa: T201


def _run_airflow_commands(installation: Installation, commands: Iterable[Sequence[str]]) -> None:
    """Run Airflow's own commands in this one process, since loading Airflow takes longest."""
    os.environ.update(environment(installation))
    from airflow.cli.cli_parser import get_parser

    for command in commands:
        arguments = get_parser().parse_args(list(command))
        arguments.func(arguments)


def end_orphans(installation: Installation) -> None:
    """Kill the idle workers that a killed scheduler left; busy ones end their task first."""
    for process in marked(installation.config):
        try:
            if IDLE_WORKER in " ".join(process.cmdline()):
                process.kill()  # It ignores SIGTERM while it waits.
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
