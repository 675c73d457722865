"""Everything that `up` starts, on a Kafka that trusts nobody: `make soak` runs it, it takes some minutes."""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Iterator
from urllib.request import urlopen

import psutil
import pytest

from benchmarks.support.running.programs import ROOT as PROJECT
from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.whole_system import WholeSystem
from lake.config.settings import PREFIX
from stack.programs.kafka_users import ADMIN
from stack.programs.processes import GONE_ERRORS, marked
from tests.faults.secured import CANARY, ROOT, SecuredBroker, own_logins, password_of

LOG = logging.getLogger("whole")
pytestmark = [pytest.mark.system, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """A secured Kafka without topics or rules."""
    made = SecuredBroker(tmp_path_factory.mktemp("secured"))
    try:
        made.start()
        yield made
    finally:
        made.program.stop()


@pytest.fixture(scope="module")
def system(broker: SecuredBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeSystem]:
    """The whole system, every program as a user of its own."""
    made = WholeSystem(tmp_path_factory.mktemp("whole system"), broker.environ(ADMIN) | own_logins())
    try:
        refused_without_rights(made)
        grant(made)
        made.up()
        yield made
    finally:
        made.down()


def refused_without_rights(system: WholeSystem) -> None:
    """`up` ends at once where it may not see the topics, and says so in a sentence."""
    status, said = ran(system, "up")
    LOG.info("%s", said)
    assert status == 1
    assert f"Kafka at {system.env[PREFIX + 'KAFKA']} forbids user 'admin'" in said


def grant(system: WholeSystem) -> None:
    """As the operator of the broker does, once; `admin` itself may not."""
    status, said = ran(system, "kafka", "acls", "--apply")
    assert status == 1
    assert "CLUSTER_AUTHORIZATION_FAILED" in said
    arguments = ("kafka", "acls", "--apply", "--user", ROOT, "--password-stdin")
    status, said = ran(system, *arguments, typed=password_of(ROOT))
    LOG.info("%s", said)
    assert status == 0


def ran(system: WholeSystem, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Exit status and all output of the command."""
    done = subprocess.run(
        [str(PROJECT / "pycturestream"), *arguments], env=system.env, input=typed, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_all_is_healthy_and_the_doctor_finds_nothing_wrong(system: WholeSystem) -> None:
    said = json.loads(system.command("doctor", "--json", patience_s=300))
    LOG.info("%s", [f"{one['name']}: {one['detail']}" for one in said["findings"]])
    assert [one for one in said["findings"] if not one["ok"]] == []


def test_the_results_client_shows_what_the_stream_found(system: WholeSystem) -> None:
    command = [str(PROJECT / "pycturestream"), "results", "--json", "--from-beginning"]
    with subprocess.Popen(command, env=system.env, stdout=subprocess.PIPE, text=True) as client:
        try:
            assert client.stdout is not None
            said = json.loads(client.stdout.readline())
            LOG.info("%s", said)
            assert said["camera_id"] == "demo"
        finally:
            client.terminate()


def test_the_live_page_hears_kafka(system: WholeSystem) -> None:
    port = system.env[f"{PREFIX}DASHBOARD_PORT"]
    wait_for(
        "live picture",
        lambda: asked(f"http://127.0.0.1:{port}/healthz")["pages"]["live"]["state"] == "ok",
        60,
    )


def asked(url: str) -> dict:
    with urlopen(url, timeout=30) as answer:
        return dict(json.load(answer))


def test_airflow_counts_and_watches(system: WholeSystem) -> None:
    for dag in ("hourly_counts", "stream_watch"):
        system.command("airflow", "dags", "trigger", dag, "--run-id", f"by-hand-{dag}")
        run = system.finished(dag, dag_run_id=f"by-hand-{dag}")
        LOG.info("%s %s", dag, system.task_states(run))
        assert run["state"] == "success", system.task_logs()


def test_each_program_knows_its_own_password_alone(system: WholeSystem) -> None:
    for name in ("capture", "stream", "dashboard"):
        pid = next(one for one in processes(system) if one.environ().get(f"{PREFIX}KAFKA_USER") == name).pid
        env = psutil.Process(pid).environ()
        found = {value for value in env.values() if CANARY in value}
        assert found == {password_of(name)}


def processes(system: WholeSystem) -> list[psutil.Process]:
    return list(marked(system.data / "run" / "supervisord.conf"))


def test_no_password_got_out(system: WholeSystem) -> None:
    """Command lines, every file of the installation, and all pages of the Spark UI."""
    assert [line for line in map(command_line, psutil.process_iter()) if CANARY in line] == []
    written = [path for path in system.data.rglob("*") if path.is_file()]
    assert [str(path) for path in written if CANARY.encode() in path.read_bytes()] == []
    pages = spark_pages(system)
    LOG.info("%s", f"{len(written)} files and {len(pages)} pages of the Spark UI were searched")
    assert [path for path, page in pages.items() if CANARY in page] == []
    assert any("redacted" in page for page in pages.values())


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except GONE_ERRORS:
        return ""


def spark_pages(system: WholeSystem) -> dict[str, str]:
    base = f"http://127.0.0.1:{system.env[PREFIX + 'SPARK_UI_PORT']}"
    app = json.loads(read(f"{base}/api/v1/applications"))[0]["id"]
    api = f"/api/v1/applications/{app}"
    queries = json.loads(read(f"{base}{api}/sql?length=200"))
    paths = ["/environment/", "/SQL/", "/StreamingQuery/", f"{api}/environment", f"{api}/sql?length=200"]
    paths += [f"/SQL/execution/?id={one['id']}" for one in queries]
    return {path: read(base + path) for path in paths}


def read(url: str) -> str:
    with urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())
