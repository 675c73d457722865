"""Airflow on one machine: its components, and their configuration through the environment."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lake.config.settings import LOOPBACK, text
from stack.airflow.credentials import Secrets, passwords_file
from stack.airflow.places import AirflowPlaces
from stack.site.installation import Installation

API, SCHEDULER, DAGS, TRIGGERER, LOGS = (
    "airflow-api",
    "airflow-scheduler",
    "airflow-dags",
    "airflow-triggerer",
    "airflow-logs",
)
SPARK_POOL: Final = "spark"
SPARK_CONNECTION: Final = "AIRFLOW_CONN_SPARK_BATCH"
COMPONENTS: Final[Mapping[str, tuple[str, ...]]] = {
    API: ("airflow", "api-server"),
    SCHEDULER: ("airflow", "scheduler", "--skip-serve-logs"),
    DAGS: ("airflow", "dag-processor"),
    TRIGGERER: ("airflow", "triggerer", "--skip-serve-logs"),
    LOGS: ("uvicorn", "--factory", "airflow.utils.serve_logs.log_server:get_app"),
}
"""Program → module and arguments. Never `airflow standalone`, which opens ports to all and leaves orphans;
the log servers of scheduler and triggerer would listen everywhere, so one serves for both."""
TUNABLE: Final = {
    "AIRFLOW__CORE__PARALLELISM": "3",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "60",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    "AIRFLOW__API__INSTANCE_NAME": "PyctureStream",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "5",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    # The Kafka client writes 20 lines for each connection it makes.
    "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "kafka=ERROR py4j=ERROR great_expectations=WARNING",
    # A task's first request waits while half of the API loads: once 46 s, on an overloaded machine.
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
}
"""Defaults that the environment or `.env` may override."""


def airflow_home(installation: Installation) -> Path:
    """Return the folder of Airflow's database, secrets and task logs."""
    return installation.settings.data / "airflow"


def places(installation: Installation) -> AirflowPlaces:
    """Return the addresses of Airflow's parts.

    Raises:
        SettingError: a setting cannot be used.
    """
    return AirflowPlaces.from_env(installation.env)


def database(installation: Installation) -> Path:
    """Return Airflow's SQLite file, used if no other database is set."""
    return airflow_home(installation) / "airflow.db"


def address(installation: Installation) -> str:
    """Return the URL of Airflow's API, for programs."""
    return f"http://{places(installation).api}"


def airflow_environment(
    installation: Installation, base: Mapping[str, str], secrets: Secrets
) -> dict[str, str]:
    """Return the environment of every Airflow process, and so of every task.

    Args:
        installation: ports and folders.
        base: environment of programs that may start Spark.
        secrets: of this installation.
    """
    own_bin = str(Path(sys.executable).parent)
    return {
        **TUNABLE,
        **base,
        **_fixed(installation),
        **_secret(secrets),
        SPARK_CONNECTION: spark_connection(base),
        # Tasks look for spark-submit there, and must not find another Spark first.
        "PATH": f"{own_bin}:{base.get('PATH', '/usr/bin:/bin')}",
    }


def _fixed(installation: Installation) -> dict[str, str]:
    home, logs_port = airflow_home(installation), str(installation.airflow_logs_port)
    addresses = places(installation)
    return {
        **_database(installation, addresses.database),
        # Airflow sets process titles, by default over the environment by which `down` recognises them.
        "SPT_NOENV": "1",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(installation.root / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "stack.airflow.places.host_of_logs",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{addresses.api}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,viewer:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(home)),
        "AIRFLOW__API__HOST": addresses.listen,
        "AIRFLOW__API__PORT": str(installation.airflow_port),
        "AIRFLOW__API__BASE_URL": f"http://{LOOPBACK}:{installation.airflow_port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": logs_port,
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": logs_port,
        "AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def _database(installation: Installation, other: str) -> dict[str, str]:
    if other:
        return {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": other}
    return {
        # A command that finds the file locked by a component waits longer than the 5 s that SQLite would.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database(installation)}?timeout=60",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS": "stack.airflow.sqlite.CONNECT_ARGS",
    }


def _secret(secrets: Secrets) -> dict[str, str]:
    return {
        "AIRFLOW__CORE__FERNET_KEY": secrets.fernet_key,
        "AIRFLOW__API__SECRET_KEY": secrets.secret_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.jwt_secret,
    }


def spark_connection(env: Mapping[str, str]) -> str:
    """Return the connection `spark_batch`: this machine, or the cluster of `PYCTURESTREAM_BATCH_MASTER`.

    >>> spark_connection({"PYCTURESTREAM_BATCH_MASTER": "spark://spark.example:7077"})
    '{"conn_type": "spark", "host": "spark://spark.example:7077", "extra": {"deploy-mode": "client"}}'
    """
    master = text(env, "BATCH_MASTER")
    return json.dumps({"conn_type": "spark", "host": master, "extra": {"deploy-mode": "client"}})


def component_command(installation: Installation, name: str) -> tuple[str, ...]:
    """Return module and arguments of a component."""
    command = COMPONENTS[name]
    if name != LOGS:
        return command
    listen = places(installation).listen
    return (*command, "--host", listen, "--port", str(installation.airflow_logs_port))
