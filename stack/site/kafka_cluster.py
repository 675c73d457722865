"""Clusters of several embedded brokers: names, replication, and a check of their size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lake.config.settings import LOOPBACK

MAX_COPIES: Final = 3
VOTERS: Final = "controller.quorum.voters"
CLUSTER_ID: Final = "cluster.id"


class ClusterSizeError(RuntimeError):
    """The data folder holds a cluster with another number of brokers than requested."""


def name_node(node: int) -> str:
    """Return the name of a broker's folder, log and program; nodes count from 1.

    >>> name_node(1), name_node(3)
    ('kafka', 'kafka-3')
    """
    return "kafka" if node == 1 else f"kafka-{node}"


def list_voters(controller_ports: Sequence[int]) -> str:
    """List every broker as a voter, as `node@host:port` of its controller.

    >>> list_voters([9093, 9095])
    '1@127.0.0.1:9093,2@127.0.0.1:9095'
    """
    return ",".join(f"{node}@{LOOPBACK}:{port}" for node, port in enumerate(controller_ports, start=1))


def copies_in_step(copies: int) -> int:
    """Return how many replicas must hold a record to acknowledge it: all but one, which may be away."""
    return max(1, copies - 1)


def copied(brokers: int) -> dict[str, str | int]:
    """Return properties that let a cluster run without one of its brokers; none for a single broker."""
    if brokers == 1:
        return {}
    copies = min(MAX_COPIES, brokers)
    internal = ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": copies_in_step(copies),
        **{f"{topic}.replication.factor": copies for topic in internal},
        **{f"{topic}.min.isr": copies_in_step(copies) for topic in internal[1:]},
        # Else the last one to stop waits 5 minutes for a quorum that is gone.
        "controlled.shutdown.enable": "false",
    }


def check_size(data: Path, brokers: int) -> None:
    """Refuse to start a cluster in the folder of one of another size, since sizes cannot change.

    Args:
        data: data folder of the installation.
        brokers: number of brokers to start.

    Raises:
        ClusterSizeError: there is a cluster of another size.
    """
    first = data / name_node(1)
    if not (first / "logs" / "meta.properties").exists():
        return
    present = len((read_property(first / "server.properties", VOTERS) or "").split(","))
    if present != brokers:
        raise ClusterSizeError(
            f"PYCTURESTREAM_KAFKA_BROKERS={brokers}, but {first} belongs to a Kafka of {present}, whose size"
            f" cannot change: set it to {present}, or PYCTURESTREAM_DATA to an empty folder"
        )


def find_cluster(data: Path, brokers: int) -> str | None:
    """Return the id of the cluster in a data folder, from any of its brokers; None without one."""
    files = (data / name_node(node) / "logs" / "meta.properties" for node in range(1, brokers + 1))
    return next(filter(None, (read_property(file, CLUSTER_ID) for file in files)), None)


def read_property(file: Path, name: str) -> str | None:
    """Read a property; None without the file, or without the property in it."""
    lines = file.read_text("ascii").splitlines() if file.exists() else []
    return next((line.partition("=")[2] for line in lines if line.partition("=")[0] == name), None)
