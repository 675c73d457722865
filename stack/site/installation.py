"""This installation: its settings, ports and folders, from the environment and the files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from lake.config.settings import LOOPBACK, PREFIX, SettingError, Settings, number, text, whole
from lake.config.sources import read_environment
from lake.contracts.wire_format import FRAMES_TOPIC, GIB, HOUR_MS, TOPICS
from stack.site.kafka_cluster import name_node
from stack.site.spark_cluster import SparkCluster

PORTS: Final = (
    "KAFKA_PORT",
    "KAFKA_CONTROLLER_PORT",
    "SPARK_UI_PORT",
    "AIRFLOW_PORT",
    "AIRFLOW_LOGS_PORT",
    "DASHBOARD_PORT",
)
MORE_PORTS: Final = ("KAFKA_PORT_2", "KAFKA_CONTROLLER_PORT_2", "KAFKA_PORT_3", "KAFKA_CONTROLLER_PORT_3")
"""Ports of the second and third broker, if there are three."""


@dataclass(frozen=True, slots=True)
class BrokerPorts:
    """Ports of one embedded broker, on loopback; nodes count from 1."""

    node: int
    port: int
    controller_port: int

    @property
    def name(self) -> str:
        """Name of its program, log and folder."""
        return name_node(self.node)

    @property
    def address(self) -> str:
        """Address for clients."""
        return f"{LOOPBACK}:{self.port}"


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings of this installation, and its folders.

    Attributes:
        root: folder of the project.
        settings: shared settings; `kafka` is the broker or the brokers in use, embedded or not.
        env: the merged environment, which child processes inherit.
        kafka_port, controller_port, ui_port, airflow_port, airflow_logs_port, dashboard_port: on loopback.
        brokers: the embedded ones, `kafka_port` and `controller_port` being the first's; empty for external
            brokers.
        copies: replicas of each topic; None for as many as the brokers allow, at most 3.
        cluster: our own Spark cluster, if any.
        frames_hours, frames_gib: how long, and up to what size, the broker keeps pictures.
        frames_partitions: partitions of the frames topic: the most workers that can analyse at once.
    """

    root: Path
    settings: Settings
    env: Mapping[str, str]
    kafka_port: int
    controller_port: int
    ui_port: int
    airflow_port: int
    airflow_logs_port: int
    dashboard_port: int
    brokers: tuple[BrokerPorts, ...]
    copies: int | None
    frames_hours: float
    frames_gib: float
    frames_partitions: int
    cluster: SparkCluster

    @classmethod
    def from_env(cls, environ: Mapping[str, str], root: Path) -> Self:
        """Read everything once: the environment, and the files in the root.

        Raises:
            SettingError: a setting cannot be used.
        """
        return cls.from_values(read_environment(environ, root), root)

    @classmethod
    def from_values(cls, env: Mapping[str, str], root: Path) -> Self:
        """Create it from an environment that already includes the files.

        Raises:
            SettingError: a setting cannot be used.
        """
        ports, cluster = _ports(env), SparkCluster.from_env(env)
        kafka, controller, interface, airflow, airflow_logs, dashboard = (ports[name] for name in PORTS)
        more = [port for name, port in ports.items() if name in MORE_PORTS]
        pairs = enumerate(zip([kafka, *more[::2]], [controller, *more[1::2]], strict=True), start=1)
        brokers = tuple(BrokerPorts(node, *pair) for node, pair in pairs)
        own = ",".join(broker.address for broker in brokers)
        embedded = text(env, "KAFKA", own) in (own, brokers[0].address, f"localhost:{kafka}")
        settings = replace(Settings.from_env(env), kafka=own) if embedded else Settings.from_env(env)
        if embedded and settings.login is not None:
            raise SettingError(
                f"{PREFIX}KAFKA_SECURITY needs a broker of yours in {PREFIX}KAFKA;"
                " the embedded one is open on loopback only"
            )
        return cls(
            root,
            settings,
            env,
            kafka,
            controller,
            interface,
            airflow,
            airflow_logs,
            dashboard,
            brokers=brokers if embedded else (),
            copies=_copies(env, len(brokers) if embedded else None),
            frames_hours=number(env, "FRAMES_TOPIC_HOURS"),
            frames_gib=number(env, "FRAMES_TOPIC_GB"),
            frames_partitions=max(whole(env, "PARTITIONS"), cluster.workers),
            cluster=cluster,
        )

    @property
    def embedded(self) -> bool:
        """Return whether the brokers are embedded ones."""
        return bool(self.brokers)

    @property
    def topics(self) -> dict[str, dict[str, str]]:
        """Return the contract's topics, with this installation's retention of pictures."""
        retention = {
            "retention.ms": str(int(self.frames_hours * HOUR_MS)),
            "retention.bytes": str(int(self.frames_gib * GIB / self.frames_partitions)),
        }
        return TOPICS | {FRAMES_TOPIC: TOPICS[FRAMES_TOPIC] | retention}

    @property
    def config(self) -> Path:
        """Path of the supervisor's configuration."""
        return self.settings.run / "supervisord.conf"

    @property
    def logs(self) -> Path:
        """Folder of all logs."""
        return self.settings.data / "logs"

    def log(self, program: str) -> Path:
        """Return the log of a program."""
        return self.logs / f"{program}.log"


def _ports(env: Mapping[str, str]) -> dict[str, int]:
    """Read setting → port of all programs that may listen."""
    several = text(env, "KAFKA_BROKERS") == "3"
    ports = {name: whole(env, name) for name in (*PORTS, *(MORE_PORTS if several else ()))}
    taken = ports | SparkCluster.from_env(env).listening
    if len(set(taken.values())) < len(taken):
        names = ", ".join(PREFIX + name for name in taken)
        raise SettingError(f"{names} must differ, not be {list(taken.values())}")
    return ports


def _copies(env: Mapping[str, str], brokers: int | None) -> int | None:
    """Return the replicas of each topic: as set, else the number of embedded brokers, else None."""
    copies = whole(env, "KAFKA_REPLICATION")
    if brokers and copies > brokers:
        raise SettingError(
            f"{PREFIX}KAFKA_REPLICATION={copies} must not exceed {PREFIX}KAFKA_BROKERS={brokers}"
        )
    return copies or brokers
