"""The embedded broker: a real Apache Kafka in KRaft mode, one process, on loopback only."""

from __future__ import annotations

import base64
import socket
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from lake.contracts import GIB, MAX_MESSAGE_BYTES

LOOPBACK: Final = "127.0.0.1"
MIB: Final = 1024**2
FORMAT_TIMEOUT_S: Final = 120
ANSWER_TIMEOUT_MS: Final = 5_000
LOG4J: Final = """\
status = error
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSX}{UTC} %p %c{1}: %m%n
logger.started.name = kafka.server.KafkaRaftServer
logger.started.level = info
"""


class BrokerError(RuntimeError):
    """The broker's storage could not be prepared."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where and how the broker runs.

    Attributes:
        port: clients connect here, on loopback.
        controller_port: the broker speaks to itself here, on loopback.
        data: data folder of the installation; the broker's own is `kafka` below it.
        jars: folder of the provisioned Kafka jars.
        java_home: folder of a Java >= 17.
        heap_mb: most heap in MiB.
    """

    port: int
    controller_port: int
    data: Path
    jars: Path
    java_home: Path
    heap_mb: int = 384

    @property
    def folder(self) -> Path:
        """Everything of the broker: properties, and the log segments below `logs`."""
        return self.data / "kafka"

    @property
    def properties(self) -> Path:
        """The properties file the broker is started with."""
        return self.folder / "server.properties"

    def write_properties(self) -> Path:
        """Write the broker's configuration and that of its log; the same settings write the same bytes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={escape_property(value)}\n" for name, value in list_properties(self).items()]
        self.properties.write_text("".join(lines), encoding="ascii")
        self.log4j.write_text(LOG4J, encoding="ascii")
        return self.properties

    @property
    def log4j(self) -> Path:
        """Configuration of the broker's log: warnings and the word that it started, to standard output."""
        return self.folder / "log4j2.properties"

    def format_storage(self) -> None:
        """Give the broker's folder its cluster id, unless it has one; 2 s.

        Raises:
            BrokerError: Kafka's own tool refused; its words follow.
        """
        if (self.folder / "logs" / "meta.properties").exists():
            return
        self.write_properties()
        arguments = ["format", "--config", str(self.properties), "--cluster-id", name_cluster()]
        command = [*self.java(128), "kafka.tools.StorageTool", *arguments, "--ignore-formatted"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FORMAT_TIMEOUT_S)
        if done.returncode:
            words = (done.stderr or done.stdout).strip()[-2000:]
            raise BrokerError(f"cannot prepare {self.folder} for Kafka; if it may go, delete it: {words}")

    def command(self) -> list[str]:
        """The command line that runs the broker in the foreground; SIGTERM stops it in order."""
        return [*self.java(self.heap_mb), "kafka.Kafka", str(self.properties)]

    def java(self, heap_mb: int) -> list[str]:
        """Java with the options common to the broker and its tool."""
        options = [
            f"-Xmx{heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",
            "-Djava.awt.headless=true",
            "-Djava.net.preferIPv4Stack=true",
            f"-Dlog4j2.configurationFile={self.log4j.absolute().as_uri()}",
        ]
        return [str(self.java_home / "bin" / "java"), *options, "-cp", f"{self.jars}/*"]


FEW_AND_SMALL: Final[dict[str, str | int]] = {
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.num.partitions": 4,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
    "message.max.bytes": MAX_MESSAGE_BYTES,
    "socket.request.max.bytes": 64 * MIB,
    "queued.max.request.bytes": 96 * MIB,
    "log.segment.bytes": 128 * MIB,
    "log.index.size.max.bytes": MIB,
    "log.retention.bytes": GIB,
    "log.retention.check.interval.ms": 60_000,
    "log.cleaner.dedupe.buffer.size": 8 * MIB,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
}


def list_properties(settings: BrokerSettings) -> dict[str, str | int]:
    """The broker's properties by name.

    Small on purpose: internal topics of one partition or few, because each costs files and start time,
    and a log cleaner whose default buffer of 128 MB would take a third of the heap.
    """
    client, controller = f"{LOOPBACK}:{settings.port}", f"{LOOPBACK}:{settings.controller_port}"
    return {
        **FEW_AND_SMALL,
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{client}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@{controller}",
        # A broker that was killed is refused by its own controller until its old session has run out.
        "broker.session.timeout.ms": 4_000,
        "broker.heartbeat.interval.ms": 1_000,
        "log.dirs": str(settings.folder / "logs"),
        "auto.create.topics.enable": "false",
    }


def escape_property(value: str | int) -> str:
    r"""A value as `java.util.Properties` reads it back: backslashes doubled, other letters than ASCII as \u.

    >>> escape_property("/tmp/Küche")
    '/tmp/K\\u00fcche'
    """
    units = str(value).replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)


def name_cluster() -> str:
    """A new cluster id as Kafka writes it: 16 random bytes in URL-safe base64 without padding."""
    name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return name if not name.startswith("-") else f"A{name[1:]}"


def is_ready(bootstrap: str) -> bool:
    """Whether a broker at host:port serves clients; asks for at most 11 s, a closed port is at once a no."""
    host, _, port = bootstrap.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
        with KafkaAdminClient(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=ANSWER_TIMEOUT_MS,
            request_timeout_ms=ANSWER_TIMEOUT_MS,
        ) as admin:
            brokers = admin.describe_cluster()["brokers"]
    except (OSError, KafkaError):
        return False
    return any(not broker.get("is_fenced") for broker in brokers)
