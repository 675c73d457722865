"""Three real brokers that copy from one another."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaAdminClient

from benchmarks.support.running.programs import Program, free_ports, wait_for
from benchmarks.support.running.system import Broker, System
from lake.config.settings import Settings
from lake.contracts.wire_format import TOPICS
from stack.kafka.broker import BrokerSettings
from stack.kafka.topics import create_topics
from stack.provision.java import find_java
from tests.conftest import INTERPRETED

SIZE = 3


class Cluster:
    """The embedded brokers as processes; to a `System` it is what one broker is."""

    def __init__(self, data: Path, home: Path) -> None:
        ports = free_ports(2 * SIZE)
        clients, controllers = ports[:SIZE], tuple(ports[SIZE:])
        java = find_java(home, os.environ)
        nodes = enumerate(zip(clients, controllers, strict=True), start=1)
        self.brokers = [
            Broker(BrokerSettings(*pair, data, home / "jars" / "kafka", java, node=node, quorum=controllers))
            for node, pair in nodes
        ]
        self.address = ",".join(broker.address for broker in self.brokers)

    @property
    def programs(self) -> list[Program]:
        return [broker.program for broker in self.brokers]

    @property
    def environ(self) -> dict[str, str]:
        """Settings, without their prefix, of an installation that takes these brokers for its own."""
        said = {"KAFKA_BROKERS": str(SIZE)}
        for broker in self.brokers:
            end = "" if broker.settings.node == 1 else f"_{broker.settings.node}"
            said |= {f"{name}{end}": port for name, port in broker.environ.items()}
        return said

    def start(self) -> None:
        for broker in self.brokers:
            broker.launch()
        for broker in self.brokers:
            broker.wait_ready()

    def stop(self) -> None:
        for broker in self.brokers:
            broker.program.stop(0)

    def leader(self, topic: str, partition: int) -> Broker:
        """The broker that takes a partition's records now."""
        return next(one for one in self.brokers if one.settings.node == self._parts(topic)[partition][0])

    def wait_in_step(self) -> None:
        """Until every broker holds a full copy of every topic of the contract."""

        def all_in_step() -> bool:
            return all(in_step == SIZE for topic in TOPICS for _, in_step in self._parts(topic).values())

        wait_for("copies in step", all_in_step, every_s=0.3)

    def _parts(self, topic: str) -> dict[int, tuple[int, int]]:
        """Partition → its leader, and how many copies are in step."""
        with KafkaAdminClient(bootstrap_servers=self.address) as admin:
            (found,) = admin.describe_topics([topic])
        return {
            part["partition_index"]: (part["leader_id"], len(part["isr_nodes"]))
            for part in found["partitions"]
        }


@contextmanager
def running_cluster(data: Path, environ: Mapping[str, str]) -> Iterator[tuple[Cluster, System]]:
    """Three brokers with the topics of the contract and a stream that reads them, ended for good.

    They start side by side: the stream waits for the topics.
    """
    cluster = Cluster(data / "brokers", Settings.from_env(os.environ).home)
    system = System(data / "some data", cluster, environ, INTERPRETED)
    try:
        system.stream.start()
        cluster.start()
        create_topics(cluster.address, copies=SIZE)
        system.wait_running()
        yield cluster, system
    finally:
        system.stop()
        cluster.stop()
