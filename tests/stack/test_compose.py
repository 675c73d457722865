"""docker-compose.yml and its image: valid, and every name in them is one that the code knows."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from dashboards.ui.settings import DashboardSettings
from jobs.stream.settings import StreamSettings
from lake.config.setting_keys import KEYS
from lake.contracts.wire_format import MAX_MESSAGE_BYTES
from stack.airflow.places import AirflowPlaces
from stack.kafka.broker import list_properties
from stack.site.installation import Installation
from tests.stack.compose_rules import FILE, OURS, ROOT, SOMEWHERE, Compose, default_of, faults

FILE_NAME = ROOT / "docker-compose.yml"
COMPOSE: Compose = yaml.safe_load(FILE_NAME.read_text("utf-8"))
DOCKERFILE = (ROOT / "stack" / "images" / "Dockerfile").read_text("utf-8")
SCHEMA = json.loads(
    (files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text("utf-8")
)
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def environment(service: str) -> dict[str, str]:
    """What the program of a service finds, with the image's own settings below."""
    said = dict(re.findall(r"\b(PYCTURESTREAM_[A-Z]+)=(\S+)", DOCKERFILE))
    given = {name: str(value) for name, value in COMPOSE["services"][service]["environment"].items()}
    return said | {name: default_of(value) for name, value in given.items()}


def test_the_file_is_valid_by_the_compose_specification() -> None:
    assert [error.message for error in validator_for(SCHEMA)(SCHEMA).iter_errors(COMPOSE)] == []


def another(compose: Compose) -> Compose:
    """The same again; what an anchor of the file shares is no longer shared."""
    return json.loads(json.dumps(compose))  # type: ignore[no-any-return]


def test_a_key_that_the_specification_does_not_know_is_found() -> None:
    broken = another(COMPOSE)
    broken["services"]["kafka"]["restarts"] = "always"
    assert [error.json_path for error in validator_for(SCHEMA)(SCHEMA).iter_errors(broken)] == [
        "$.services.kafka"
    ]


def test_every_rule_holds() -> None:
    assert faults(COMPOSE) == []


WAIT_FOR_FILES = [
    "camera: waits for files, which is not in core, full",
    "stream: waits for files, which is not in core",
    "spark-worker: waits for files, which is not in full",
    "stream-on-cluster: waits for files, which is not in full",
    "airflow-scheduler: waits for files, which is not in full",
]
BROKEN: list[tuple[str, Any, list[str]]] = [
    ("kafka.image", "apache/kafka:latest", ["kafka: image apache/kafka:latest"]),
    ("kafka.image", "apache/kafka:4.1.0", ["kafka: image apache/kafka:4.1.0"]),
    ("postgres.image", "postgres:17", ["postgres: image postgres:17"]),
    ("stream.image", "pycturestream:1", ["stream: image pycturestream:1"]),
    ("stream.pull_policy", "missing", ["stream: its image comes from the wrong place"]),
    ("topics.command", ["python", "-m", "stack.subjects"], ["topics: no module stack.subjects"]),
    (
        "stream.command",
        ["python", "-m", "stack.programs.run_program", "streams"],
        ["stream: stack.programs.run_program knows no streams"],
    ),
    (
        "airflow-api.command",
        ["python", "-m", "stack.programs.run_airflow", "api"],
        ["airflow-api: stack.programs.run_airflow knows no api"],
    ),
    (
        "camera.healthcheck.test",
        ["CMD", "python", "-m", "stack.programs.check_program", "cameras"],
        ["camera: stack.programs.check_program knows no cameras"],
    ),
    ("camera.environment.PYCTURESTREAM_BROKER", "kafka:1", ["camera: nothing reads PYCTURESTREAM_BROKER"]),
    (
        "dashboard.environment.PYCTURESTREAM_DASHBOARD_HOST",
        "dashboard",
        ["dashboard: PYCTURESTREAM_DASHBOARD_HOST is no address; give one such as 192.168.1.5"],
    ),
    ("kafka.environment.KAFKA_LOG_DIR", "/x", ["kafka: nothing reads KAFKA_LOG_DIR"]),
    ("kafka.ports", ["9092:9092"], ["kafka: port 9092:9092"]),
    ("kafka.ports", ["0.0.0.0:9092:9092"], ["kafka: port 0.0.0.0:9092:9092"]),
    ("kafka.ports", ["127.0.0.1:8078:8078"], ["dashboard: port 127.0.0.1:8078:8078"]),
    ("postgres.user", None, ["postgres: runs as root"]),
    ("stream.user", "0:10001", ["stream: runs as root"]),
    ("stream.cap_drop", ["NET_RAW"], ["stream: keeps rights"]),
    ("stream.security_opt", [], ["stream: keeps rights"]),
    ("stream.deploy.resources.limits.memory", None, ["stream: no limit of memory"]),
    (
        "stream.deploy.resources.limits.cpus",
        "4",
        ["stream: an engine with 2 processors refuses it"],
    ),
    ("dashboard.healthcheck", None, ["dashboard: is neither watched nor done once"]),
    ("dashboard.restart", "always", ["dashboard: is neither watched nor done once"]),
    ("stream.read_only", None, ["stream: may write into its image"]),
    ("stream.tmpfs", ["/tmp:size=512m"], ["stream: Java can load no library of /tmp"]),
    ("files.profiles", ["demo"], ["files: profiles ['demo']", *WAIT_FOR_FILES]),
    ("kafka.profiles", ["full"], ["topics: waits for kafka, which is not in core, full"]),
    (
        "camera.depends_on.files.condition",
        "service_started",
        ["camera: waits for files to be service_started"],
    ),
    (
        "topics.depends_on.kafka.condition",
        "service_completed_successfully",
        ["topics: waits for kafka to be service_completed_successfully"],
    ),
    ("kafka.volumes", ["broker:/var/lib/kafka/data"], ["volumes: ['broker', 'kafka']"]),
    ("first-user.secrets", ["password"], ["secrets: ['dashboard_password', 'password']"]),
    ("kafka.networks", ["outside"], ["networks: ['outside']"]),
    (
        "airflow-api.secrets",
        [],
        ["airflow-api: PYCTURESTREAM_AIRFLOW_DATABASE_PASSWORD_FILE is no secret of it"],
    ),
    ("topics.environment.PYCTURESTREAM_KAFKA", "broker:29092", ["topics: PYCTURESTREAM_KAFKA names broker"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "told"), BROKEN)
def test_each_rule_sees_what_breaks_it(path: str, value: Any, told: list[str]) -> None:
    broken = another(COMPOSE)
    *folders, last = path.split(".")
    place = broken["services"]
    for folder in folders:
        place = place[folder]
    if value is None:
        del place[last]
    else:
        place[last] = value
    assert faults(broken) == told


@pytest.mark.parametrize(
    "service", [name for name, one in COMPOSE["services"].items() if OURS in one["image"]]
)
def test_the_settings_of_a_service_can_be_used(service: str) -> None:
    said = environment(service)
    secrets = {name: "hush" for name in said if name.endswith(FILE)}
    env = {name: value for name, value in said.items() if name not in secrets}
    env |= {name.removesuffix(FILE): value for name, value in secrets.items()}
    here = Installation.from_values(env, Path("/opt/pycturestream"))
    assert (here.settings.kafka, here.embedded) == ("kafka:29092", False)
    assert {str(here.settings.home), str(here.settings.data)} == set(mounts(service))
    for settings in (StreamSettings, DashboardSettings, AirflowPlaces):
        settings.from_env(env)


def mounts(service: str) -> list[str]:
    """Where the volumes of a service are."""
    return [volume.split(":")[1] for volume in COMPOSE["services"][service]["volumes"]]


def test_what_is_published_is_where_the_programs_listen() -> None:
    published = {name: one["ports"] for name, one in COMPOSE["services"].items() if "ports" in one}
    settings = {"kafka": "KAFKA_PORT", "dashboard": "DASHBOARD_PORT", "airflow-api": "AIRFLOW_PORT"}
    ports = {name: KEYS[setting].default_text for name, setting in settings.items()}
    page = argument("spark-master", "--webui-port")
    assert published == {
        name: [f"127.0.0.1:{port}:{port}"] for name, port in {**ports, "spark-master": page}.items()
    }


def argument(service: str, option: str) -> str:
    """What follows an option in a service's command."""
    command: list[str] = COMPOSE["services"][service]["command"]
    return command[command.index(option) + 1]


def test_the_cluster_s_parts_find_one_another() -> None:
    master = f"spark://{argument('spark-master', '--host')}:{argument('spark-master', '--port')}"
    assert (
        COMPOSE["services"]["spark-worker"]["command"][-1]
        == master
        == environment("stream-on-cluster")["PYCTURESTREAM_SPARK_MASTER"]
    )
    assert "spark.driver.host=stream-on-cluster " in environment("stream-on-cluster")["PYSPARK_SUBMIT_ARGS"]


def test_the_broker_keeps_and_takes_what_the_embedded_one_does() -> None:
    own = {
        "KAFKA_" + name.upper().replace(".", "_"): str(value)
        for name, value in list_properties(SOMEWHERE).items()
    }
    env = {name: str(value) for name, value in COMPOSE["services"]["kafka"]["environment"].items()}
    differing = {name for name, value in env.items() if name in own and own[name] != value}
    assert differing == {
        "KAFKA_LISTENERS",
        "KAFKA_ADVERTISED_LISTENERS",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
        "KAFKA_INTER_BROKER_LISTENER_NAME",
        "KAFKA_CONTROLLER_QUORUM_VOTERS",
        "KAFKA_LOG_DIRS",
    }
    assert env["KAFKA_MESSAGE_MAX_BYTES"] == str(MAX_MESSAGE_BYTES)
    assert env["KAFKA_ADVERTISED_LISTENERS"] == "INSIDE://kafka:29092,HOST://127.0.0.1:9092"


def test_the_image_is_built_once_from_the_dockerfile() -> None:
    built = {name: one["build"] for name, one in COMPOSE["services"].items() if "build" in one}
    assert built == {"files": {"context": ".", "dockerfile": "stack/images/Dockerfile"}}


def test_the_secrets_are_those_that_make_writes() -> None:
    made = re.search(r"^SECRETS := (.+)$", MAKEFILE, re.MULTILINE)
    assert made
    assert {f"secrets/{name}" for name in made[1].split()} == {
        one["file"] for one in COMPOSE["secrets"].values()
    }
    assert "secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
