"""Airflow's environment, secrets and health, without Airflow."""

from __future__ import annotations

import importlib
import json
import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from lake.config.settings import SettingError
from lake.config.sources import MARK
from stack.airflow.components import COMPONENTS, LOGS, address, airflow_environment, component_command
from stack.airflow.credentials import SecretsError, make_secrets, read_passwords
from stack.airflow.health import component_problem
from stack.airflow.places import AirflowPlaces
from stack.airflow.sqlite import CONNECT_ARGS
from stack.programs.run_airflow import SETUP_COMMANDS, end_orphans, is_prepared, stamp
from stack.site.installation import Installation
from stack.site.ports import ports_needed


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation.from_env({"PYCTURESTREAM_DATA": str(tmp_path / "some data")}, tmp_path)


def environment(here: Installation, **env: str) -> dict[str, str]:
    return airflow_environment(here, env, make_secrets(here.settings.data / "airflow"))


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first, passwords = make_secrets(tmp_path), read_passwords(tmp_path)
    assert (make_secrets(tmp_path), read_passwords(tmp_path)) == (first, passwords)
    assert sorted(passwords) == ["admin", "viewer"]
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {
        "passwords.json": 0o600,
        "secrets.json": 0o600,
    }


def test_no_two_secrets_are_alike_and_signing_ones_are_long(tmp_path: Path) -> None:
    one, other = make_secrets(tmp_path / "a"), make_secrets(tmp_path / "b")
    made = [one.jwt_secret, one.secret_key, one.fernet_key, other.jwt_secret, other.secret_key]
    assert len(set(made)) == 5
    assert min(len(one.jwt_secret), len(one.secret_key)) >= 64


@pytest.mark.parametrize("text", ["", "[]", '{"jwt_secret": "x"}'])
def test_a_broken_file_of_secrets_is_refused_with_its_cure(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(SecretsError, match="remove it to make it anew"):
        make_secrets(tmp_path)


def test_everything_listens_on_loopback_and_phones_nobody(here: Installation) -> None:
    env = environment(here)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert component_command(here, LOGS)[-4:] == ("--host", "127.0.0.1", "--port", "8793")
    assert [name for name in COMPONENTS if "serve" in " ".join(COMPONENTS[name])] == [
        "airflow-api",
        "airflow-scheduler",
        "airflow-triggerer",
        "airflow-logs",
    ]
    assert all("--skip-serve-logs" in COMPONENTS[f"airflow-{name}"] for name in ("scheduler", "triggerer"))
    off = ("CORE__LOAD_EXAMPLES", "USAGE_DATA_COLLECTION__ENABLED", "DATABASE__LOAD_DEFAULT_CONNECTIONS")
    assert {env[f"AIRFLOW__{name}"] for name in off} == {"False"}


def test_the_spark_connection_is_this_machine_or_the_cluster_that_a_setting_names(here: Installation) -> None:
    master = {"PYCTURESTREAM_BATCH_MASTER": "spark://spark.example:7077"}
    hosts = [json.loads(environment(here, **env)["AIRFLOW_CONN_SPARK_BATCH"])["host"] for env in ({}, master)]
    assert hosts == ["local[1]", "spark://spark.example:7077"]


def test_tasks_find_spark_submit_in_the_environment_of_this_python_first(here: Installation) -> None:
    first = environment(here, PATH="/elsewhere")["PATH"].split(":")[0]
    assert (Path(first) / "spark-submit").exists()


def test_what_may_be_tuned_is_taken_from_the_environment_and_the_rest_is_not(here: Installation) -> None:
    given = {"AIRFLOW__CORE__PARALLELISM": "7", "AIRFLOW__CORE__LOAD_EXAMPLES": "True"}
    env = environment(here, **given)
    assert (env["AIRFLOW__CORE__PARALLELISM"], env["AIRFLOW__CORE__LOAD_EXAMPLES"]) == ("7", "False")


ELSEWHERE = {
    "PYCTURESTREAM_AIRFLOW": "api.example:8080",
    "PYCTURESTREAM_AIRFLOW_HOST": "0.0.0.0",
    "PYCTURESTREAM_AIRFLOW_LOGS_HOST": "logs.example",
    "PYCTURESTREAM_AIRFLOW_DATABASE": "postgresql+psycopg2://airflow@db.example/airflow",
    "PYCTURESTREAM_AIRFLOW_DATABASE_PASSWORD": "p@ss/w:rd",
}


def test_its_parts_may_live_on_several_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Installation.from_env({"PYCTURESTREAM_DATA": str(tmp_path), **ELSEWHERE}, tmp_path)
    env = environment(there)
    assert {name: env[f"AIRFLOW__{name}"] for name in PLACES} == {
        "DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://airflow:p%40ss%2Fw%3Ard@db.example/airflow",
        "CORE__EXECUTION_API_SERVER_URL": "http://api.example:8080/execution/",
        "API__HOST": "0.0.0.0",
        "API__BASE_URL": "http://127.0.0.1:8080",
    }
    assert CONNECT_ARGS_SETTING not in env
    assert component_command(there, LOGS)[-4:] == ("--host", "0.0.0.0", "--port", "8793")
    assert address(there) == "http://api.example:8080"
    module, _, function = env["AIRFLOW__CORE__HOSTNAME_CALLABLE"].rpartition(".")
    monkeypatch.setenv("PYCTURESTREAM_AIRFLOW_LOGS_HOST", "logs.example")
    assert getattr(importlib.import_module(module), function)() == "logs.example"


CONNECT_ARGS_SETTING = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS"
PLACES = ("DATABASE__SQL_ALCHEMY_CONN", "CORE__EXECUTION_API_SERVER_URL", "API__HOST", "API__BASE_URL")


def test_unless_told_otherwise_all_of_it_is_on_this_machine(here: Installation) -> None:
    env = environment(here)
    assert [env[f"AIRFLOW__{name}"] for name in PLACES] == [
        f"sqlite:///{here.settings.data}/airflow/airflow.db?timeout=60",
        "http://127.0.0.1:8080/execution/",
        "127.0.0.1",
        "http://127.0.0.1:8080",
    ]
    module, _, name = env[CONNECT_ARGS_SETTING].rpartition(".")
    assert getattr(importlib.import_module(module), name) is CONNECT_ARGS


@pytest.mark.parametrize(
    "address",
    ["mysql://airflow:hush@db/airflow", "postgresql:///airflow", "postgresql://db", "hush", "a:b:hush"],
)
def test_a_database_that_is_none_is_refused_without_a_word_of_its_password(address: str) -> None:
    with pytest.raises(SettingError) as caught:
        AirflowPlaces.from_env({"PYCTURESTREAM_AIRFLOW_DATABASE": address})
    assert str(caught.value) == (
        "PYCTURESTREAM_AIRFLOW_DATABASE is no address of a PostgreSQL database;"
        " write it as postgresql+psycopg2://airflow@db.example/airflow"
    )


def test_a_database_elsewhere_is_never_taken_for_prepared(tmp_path: Path) -> None:
    own = {"PYCTURESTREAM_DATA": str(tmp_path)}
    one, other = (Installation.from_env(env, tmp_path) for env in (own, own | ELSEWHERE))
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "airflow.db").touch()
    stamp(one).write_text(json.dumps({"airflow": version("apache-airflow"), "commands": SETUP_COMMANDS}))
    assert (is_prepared(one), is_prepared(other)) == (True, False)


def test_airflow_s_ports_are_checked_unless_it_is_left_out(here: Installation) -> None:
    more = {"PYCTURESTREAM_AIRFLOW_PORT": 8080, "PYCTURESTREAM_AIRFLOW_LOGS_PORT": 8793}
    assert ports_needed(here) == ports_needed(here, airflow=False) | more


def test_a_database_of_another_version_is_not_prepared(here: Installation) -> None:
    home = here.settings.data / "airflow"
    home.mkdir(parents=True)
    (home / "airflow.db").touch()
    (home / "prepared.json").write_text('{"airflow": "2.0.0"}')
    assert not is_prepared(here)


BEAT = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "since", "why"),
    [
        ({"status": "healthy", "latest_scheduler_heartbeat": BEAT.isoformat()}, None, None),
        ({"status": "healthy", "latest_scheduler_heartbeat": BEAT.isoformat()}, BEAT.timestamp() - 1, None),
        (
            {"status": "healthy", "latest_scheduler_heartbeat": BEAT.isoformat()},
            BEAT.timestamp() + 1,
            "loading",
        ),
        ({"status": "unhealthy", "latest_scheduler_heartbeat": None}, None, "loading"),
        (None, None, "loading"),
    ],
)
def test_a_heartbeat_of_a_predecessor_does_not_count(said: Any, since: float | None, why: str | None) -> None:
    assert component_problem(said, "scheduler", since) == why


def test_idle_workers_of_a_killed_scheduler_are_ended_and_busy_ones_are_not(here: Installation) -> None:
    code = "import setproctitle, time; setproctitle.setproctitle('{}'); print(flush=True); time.sleep(60)"
    titles = ("airflow worker -- LocalExecutor: <idle>", "airflow worker -- LocalExecutor: 01a20")
    idle, busy = (
        subprocess.Popen(
            [sys.executable, "-c", code.format(title)],
            env={**os.environ, "SPT_NOENV": environment(here)["SPT_NOENV"], MARK: str(here.config)},
            stdout=subprocess.PIPE,
        )
        for title in titles
    )  # fmt: skip
    with idle, busy:
        for process in (idle, busy):
            assert process.stdout is not None
            process.stdout.readline()
        end_orphans(here)
        assert idle.wait(20) == -signal.SIGKILL
        assert busy.poll() is None
        busy.kill()
