"""An own Spark cluster: settings, what starts, and what its processes may know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lake.config.settings import SettingError
from lake.contracts.wire_format import FRAMES_TOPIC, GIB
from stack.airflow.components import spark_connection
from stack.operations.startup import OtherSystemRunsError, check_programs_known
from stack.programs import run_spark
from stack.programs.programs import SPARKS, child_environment, names, spark_conf_folder, spark_programs
from stack.programs.spark_daemons import daemon_command, daemon_conf, daemon_environment, spark_problem
from stack.programs.supervision import ProgramState
from stack.site.installation import Installation
from stack.site.ports import ports_needed
from stack.site.spark_cluster import SparkCluster

URL = "spark://127.0.0.1:7077"


def installed(folder: Path, **more: str) -> Installation:
    named = {f"PYCTURESTREAM_{name}": value for name, value in more.items()}
    return Installation.from_env({"PYCTURESTREAM_DATA": str(folder / "data"), **named}, folder)


@pytest.fixture
def two(tmp_path: Path) -> Installation:
    return installed(tmp_path, SPARK_WORKERS="2")


def test_without_workers_there_is_no_cluster(tmp_path: Path) -> None:
    here = installed(tmp_path)
    assert (here.cluster.names, here.cluster.listening, here.cluster.to_env()) == ((), {}, {})
    assert [name for name in names(here) if name in SPARKS] == []
    assert daemon_conf(here) == {}
    assert spark_conf_folder(here).name == "spark-conf"
    assert not (here.settings.data / "spark").exists()


def test_two_workers_start_with_their_master_before_the_stream(two: Installation) -> None:
    assert names(two)[:5] == ["kafka", "spark-master", "spark-worker-1", "spark-worker-2", "stream"]
    programs = [one.command[1:] for one in spark_programs(two)]
    assert programs == [("-m", "stack.programs.run_spark", name) for name in names(two)[1:4]]


@pytest.mark.parametrize(
    ("told", "partitions"),
    [({}, 2), ({"SPARK_WORKERS": "4"}, 4), ({"SPARK_WORKERS": "4", "PARTITIONS": "12"}, 12)],
)
def test_there_is_a_partition_for_each_worker_and_all_share_the_room(
    tmp_path: Path, told: dict[str, str], partitions: int
) -> None:
    here = installed(tmp_path, **told)
    assert here.frames_partitions == partitions
    assert int(here.topics[FRAMES_TOPIC]["retention.bytes"]) * partitions == pytest.approx(
        2 * GIB, abs=partitions
    )


def test_every_port_of_the_cluster_is_checked_by_the_name_of_its_setting(two: Installation) -> None:
    needed = {
        name: port for name, port in ports_needed(two).items() if "SPARK_M" in name or "SPARK_W" in name
    }
    assert needed == {
        "PYCTURESTREAM_SPARK_MASTER_PORT": 7077,
        "PYCTURESTREAM_SPARK_MASTER_UI_PORT": 8090,
        "PYCTURESTREAM_SPARK_WORKER_UI_PORT": 8091,
        "PYCTURESTREAM_SPARK_WORKER_UI_PORT+1": 8092,
    }


def test_a_port_that_a_further_worker_would_take_from_another_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"SPARK_WORKER_UI_PORT\+1 must differ"):
        installed(tmp_path, SPARK_WORKERS="2", DASHBOARD_PORT="8092")
    assert installed(tmp_path, SPARK_WORKERS="1", DASHBOARD_PORT="8092").dashboard_port == 8092


@pytest.mark.parametrize(
    ("workers", "why"), [("9", "from 0 to 8"), ("1.5", "whole number"), ("two", "number")]
)
def test_a_number_of_workers_that_cannot_be_is_named(workers: str, why: str) -> None:
    with pytest.raises(
        SettingError, match=f"PYCTURESTREAM_SPARK_WORKERS='?{workers}'? must be a .*{why[:6]}"
    ):
        SparkCluster.from_env({"PYCTURESTREAM_SPARK_WORKERS": workers})


def test_stream_and_batch_jobs_go_to_the_cluster_and_leave_each_other_room(two: Installation) -> None:
    told = {
        "SPARK_MASTER": URL,
        "STREAM_CORES": "4",
        "EXECUTOR_CORES": "2",
        "BATCH_MASTER": URL,
        "BATCH_CORES": "2",
    }
    env = child_environment(two)
    assert {name: env[f"PYCTURESTREAM_{name}"] for name in told} == told
    assert json.loads(spark_connection(env))["host"] == URL
    offered = daemon_command(two, "spark-worker-1", "/spark")
    assert int(offered[offered.index("--cores") + 1]) * 2 == 4 + 2
    assert spark_conf_folder(two).name == "spark-cluster-conf"


def test_what_the_environment_says_of_a_master_goes_before_the_own_cluster(tmp_path: Path) -> None:
    env = child_environment(installed(tmp_path, SPARK_WORKERS="2", BATCH_MASTER="local[1]"))
    assert (env["PYCTURESTREAM_SPARK_MASTER"], env["PYCTURESTREAM_BATCH_MASTER"]) == (URL, "local[1]")


def test_daemons_listen_on_loopback_each_on_its_own_port(two: Installation) -> None:
    pages = ["--host", "127.0.0.1", "--webui-port"]
    work = str(two.settings.data / "spark" / "spark-worker-2")
    assert daemon_command(two, "spark-master", "/spark") == [
        "/spark/bin/spark-class", "org.apache.spark.deploy.master.Master", *pages, "8090", "--port", "7077",
    ]  # fmt: skip
    assert daemon_command(two, "spark-worker-2", "/spark") == [
        "/spark/bin/spark-class", "org.apache.spark.deploy.worker.Worker", *pages, "8092",
        "--cores", "3", "--work-dir", work, URL,
    ]  # fmt: skip


def test_a_daemon_gets_no_secret_of_the_system_and_no_path_to_its_code(two: Installation) -> None:
    env = {**child_environment(two), "PYCTURESTREAM_DOOR_URL": "rtsp://me:secret@door/", "JAVA_HOME": "/java"}
    known = daemon_environment(env)
    assert {"PYTHONPATH", "PYCTURESTREAM_DOOR_URL", "PYCTURESTREAM_HOME", "PYCTURESTREAM_DATA"} & set(
        known
    ) == set()
    assert (known["JAVA_HOME"], known["SPARK_LOCAL_IP"]) == ("/java", "127.0.0.1")


def test_who_speaks_to_the_cluster_must_know_a_secret_that_no_command_line_shows(two: Installation) -> None:
    said = daemon_conf(two)
    secret, file = said["spark.authenticate.secret"], two.settings.data / "spark" / "secret"
    assert (said["spark.authenticate"], len(secret), daemon_conf(two)) == ("true", 43, said)
    assert said["spark.master.rest.enabled"] == "false"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    commands = [daemon_command(two, name, "/spark") for name in two.cluster.names]
    assert secret not in str(
        [*commands, [one.command for one in spark_programs(two)], child_environment(two)]
    )


def test_a_master_that_is_away_and_a_worker_that_nobody_knows_are_ill(tmp_path: Path) -> None:
    cluster = SparkCluster(1, 1, 2, 3)
    assert spark_problem(cluster, "spark-master") == "no answer at spark://127.0.0.1:1"
    assert spark_problem(cluster, "spark-worker-1") == "the master does not know it"


@pytest.mark.parametrize(
    ("states", "why"),
    [
        (["ALIVE"], None),
        (["ALIVE", "DEAD"], None),
        (["UNKNOWN"], "the master has lost it"),
        ([], "the master does not know it"),
    ],
)
def test_a_worker_is_well_when_the_master_says_so_of_the_one_that_runs_now(
    monkeypatch: pytest.MonkeyPatch, states: list[str], why: str | None
) -> None:
    known = [{"webuiaddress": "http://127.0.0.1:8092", "state": state} for state in states]
    other = {"webuiaddress": "http://127.0.0.1:8091", "state": "ALIVE"}
    monkeypatch.setattr(
        "stack.programs.spark_daemons._read_master_state", lambda _: {"workers": [other, *known]}
    )
    assert spark_problem(SparkCluster(2, 7077, 8090, 8091), "spark-worker-2") == why


def test_workers_are_not_added_to_a_system_that_runs_without() -> None:
    running = {"kafka": ProgramState("RUNNING", 1)}
    check_programs_known(["kafka"], running)
    check_programs_known(["kafka", "spark-master"], {})
    with pytest.raises(OtherSystemRunsError, match=r"has no spark-master: \./pycturestream down, then up"):
        check_programs_known(["kafka", "spark-master"], running)


def test_a_daemon_becomes_spark_s_own_program_in_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYCTURESTREAM_DATA", str(tmp_path / "my data"))
    monkeypatch.setenv("PYCTURESTREAM_SPARK_WORKERS", "1")
    became: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(run_spark.os, "execve", lambda *told: became.append(told))
    run_spark.main(["spark-worker-1"])
    [(program, command, env)] = became
    assert (program, Path(program).name, command[-1]) == (command[0], "spark-class", URL)
    assert Path.cwd() == tmp_path / "my data" / "spark" / "spark-worker-1"
    assert env["SPARK_CONF_DIR"] == str(tmp_path / "my data" / "run" / "spark-cluster-conf")
    assert "PYTHONPATH" not in env


def test_a_name_that_is_no_daemon_s_is_refused() -> None:
    with pytest.raises(SystemExit, match="'stream' is no part of Spark's cluster; there are spark-master, "):
        run_spark.main(["stream"])
