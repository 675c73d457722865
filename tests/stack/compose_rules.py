"""What docker-compose.yml must be, beside the specification's schema: each rule tells its faults in words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lake.config.setting_keys import find_key
from lake.config.settings import PREFIX
from stack.airflow.components import COMPONENTS
from stack.kafka.broker import BrokerSettings, list_properties
from stack.programs.programs import NAMES
from stack.programs.run_airflow import PREPARE
from stack.programs.run_program import commands

ROOT = Path(__file__).resolve().parents[2]
OURS = "pycturestream"
FEWEST_CPUS = 2
"""Of the machines it is meant for: a limit above what there is keeps a container from being made."""
PROFILES = {"core", "full"}
MODULE = re.compile(r"python -m ([a-z_.]+)(?: ([a-z][a-z0-9-]*))?")
TAG = re.compile(r"[a-z/]+:\d+(\.\d+)+([.-][a-z0-9]+)*")
ARGUMENTS = {
    "stack.programs.run_program": set(commands({"SPARK_HOME": ""})),
    "stack.programs.run_airflow": {PREPARE, *COMPONENTS},
    "stack.programs.check_program": set(NAMES),
}
"""Module → the first arguments it takes."""
ENGINES = {"SPARK_LOCAL_DIRS", "SPARK_DAEMON_MEMORY", "SPARK_MASTER_OPTS", "SPARK_WORKER_OPTS"}
ENGINES |= {"PYSPARK_SUBMIT_ARGS"}
ENGINES |= {"CLUSTER_ID", "KAFKA_HEAP_OPTS"}
ENGINES |= {f"POSTGRES_{name}" for name in ("USER", "DB", "PASSWORD_FILE", "INITDB_ARGS")}
"""Variables that an image of others reads, besides Kafka's properties."""
SOMEWHERE = BrokerSettings(1, 2, Path("/data"), Path("/jars"), Path("/java"))
PROPERTIES = {"KAFKA_" + name.upper().replace(".", "_") for name in list_properties(SOMEWHERE)}
FILE = "_FILE"
Compose = dict[str, Any]
Rule = Callable[[Compose], Iterator[str]]


def services(compose: Compose) -> Iterator[tuple[str, Any]]:
    yield from compose["services"].items()


def is_once(service: Any) -> bool:
    """Whether it does its work and ends."""
    return bool(service.get("restart") == "no")


def words(command: list[str]) -> str:
    """A command as one line."""
    return " ".join(command)


def images(compose: Compose) -> Iterator[str]:
    """Ours has the project's version; those of others have the whole version in their tag, Kafka's ours."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    artifacts = ROOT / "stack" / "provision" / "artifacts.toml"
    jars = tomllib.loads(artifacts.read_text("utf-8"))["jars"]["kafka"]
    kafka = next(name.rpartition(":")[2] for name in jars if ":kafka_2.13:" in name)
    for name, service in services(compose):
        image, _, tag = service["image"].rpartition(":")
        wanted = {OURS: version, "apache/kafka": kafka}.get(image, tag)
        if (service.get("pull_policy") == "never") != (image == OURS and "build" not in service):
            yield f"{name}: its image comes from the wrong place"
        if tag != wanted or (image != OURS and not TAG.fullmatch(service["image"])):
            yield f"{name}: image {service['image']}"


def modules(compose: Compose) -> Iterator[str]:
    """Every module that is run exists, and knows its first argument."""
    for name, service in services(compose):
        check = service.get("healthcheck", {}).get("test", [])
        for module, argument in MODULE.findall(f"{words(service.get('command', []))}\n{words(check)}"):
            if find_spec(module) is None:
                yield f"{name}: no module {module}"
            elif argument not in ARGUMENTS.get(module, {argument}):
                yield f"{name}: {module} knows no {argument}"


def variables(compose: Compose) -> Iterator[str]:
    """Every variable is one that something reads, and its value can be used."""
    for name, service in services(compose):
        for variable, value in service.get("environment", {}).items():
            key = find_key(variable.removeprefix(PREFIX)) if variable.startswith(PREFIX) else None
            if key is None and variable not in ENGINES | PROPERTIES:
                yield f"{name}: nothing reads {variable}"
            elif key and (refusal := key.refusal(default_of(str(value)))):
                yield f"{name}: {variable} {refusal}"


def default_of(value: str) -> str:
    """What Compose puts in, where its own environment says nothing."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def ports(compose: Compose) -> Iterator[str]:
    """Published on loopback only, where something listens, and each once."""
    seen = set()
    for name, service in services(compose):
        for port in service.get("ports", []):
            found = re.fullmatch(r"127\.0\.0\.1:(\d+):(\d+)", port)
            outside, inside = found.groups() if found else ("", "none")
            if outside != inside or outside in seen:
                yield f"{name}: port {port}"
            seen.add(outside)


def guards(compose: Compose) -> Iterator[str]:
    """Nobody is root or may become it, takes all of the machine, or dies unseen."""
    for name, service in services(compose):
        if str(service.get("user", "root")).partition(":")[0] in ("root", "0"):
            yield f"{name}: runs as root"
        if service.get("cap_drop") != ["ALL"] or "no-new-privileges:true" not in service.get(
            "security_opt", []
        ):
            yield f"{name}: keeps rights"
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        if missing := {"cpus", "memory", "pids"} - set(limits):
            yield f"{name}: no limit of {', '.join(sorted(missing))}"
        elif float(limits["cpus"]) > FEWEST_CPUS:
            yield f"{name}: an engine with {FEWEST_CPUS} processors refuses it"
        if not is_once(service) and (
            "healthcheck" not in service or service.get("restart") != "unless-stopped"
        ):
            yield f"{name}: is neither watched nor done once"


def ours(compose: Compose) -> Iterator[str]:
    """Our own containers write to volumes and memory only, where Java may load what it unpacks."""
    for name, service in services(compose):
        temporary = service.get("tmpfs", [""])[0]
        if service["image"].startswith(OURS) and not service.get("read_only"):
            yield f"{name}: may write into its image"
        if service["image"].startswith(OURS) and not re.fullmatch(
            r"/tmp:size=\d+m,mode=1777,exec", temporary
        ):
            yield f"{name}: Java can load no library of /tmp"


def waits(compose: Compose) -> Iterator[str]:
    """What is waited for is there in every profile, and can come."""
    every = compose["services"]
    for name, service in services(compose):
        if not set(service.get("profiles", [])) <= PROFILES or not service.get("profiles"):
            yield f"{name}: profiles {service.get('profiles')}"
        for other, how in service.get("depends_on", {}).items():
            needed = every.get(other, {})
            if not set(service["profiles"]) <= set(needed.get("profiles", [])):
                yield f"{name}: waits for {other}, which is not in {', '.join(service['profiles'])}"
            elif is_once(needed) != (how["condition"] == "service_completed_successfully"):
                yield f"{name}: waits for {other} to be {how['condition']}"


def names(compose: Compose) -> Iterator[str]:
    """Volumes, secrets, networks and hosts that are named exist, and the other way round."""
    for kind in ("volumes", "secrets", "networks"):
        used = {one for _, service in services(compose) for one in used_by(service, kind)}
        if used != set(compose.get(kind, {})):
            yield f"{kind}: {sorted(used ^ set(compose.get(kind, {})))}"
    for name, service in services(compose):
        for variable, value in service.get("environment", {}).items():
            granted = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}
            if variable.endswith(FILE) and value not in granted:
                yield f"{name}: {variable} is no secret of it"
            for host in re.findall(r"(?:^|//|@)([a-z-]+)(?::\d+(?:$|,)|/)", str(value)):
                if host not in compose["services"]:
                    yield f"{name}: {variable} names {host}"


def used_by(service: Any, kind: str) -> Iterator[str]:
    """What a service uses of a kind, by name."""
    for one in service.get(kind, []):
        yield one.partition(":")[0]


RULES: tuple[Rule, ...] = (images, modules, variables, ports, guards, ours, waits, names)


def faults(compose: Compose) -> list[str]:
    """All that is wrong."""
    return [fault for rule in RULES for fault in rule(compose)]
