"""The embedded broker: a real Apache Kafka in KRaft mode, one process or several, on loopback only."""

from __future__ import annotations

import base64
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient

from lake.config.kafka_address import Address, client_options
from lake.config.settings import LOOPBACK
from lake.contracts.wire_format import GIB, MAX_MESSAGE_BYTES
from lake.kafka.client import BrokerAwayError, BrokerRefusedError, reached
from stack.kafka.security import BrokerSecurity
from stack.site.kafka_cluster import VOTERS, copied, find_cluster, list_voters, name_node

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
        node: which broker of the cluster this is, from 1.
        quorum: controller ports of all brokers of the cluster, the first one's first; empty: it is alone.
        security: TLS, users and access rules; None takes everybody on this machine.
    """

    port: int
    controller_port: int
    data: Path
    jars: Path
    java_home: Path
    heap_mb: int = 384
    node: int = 1
    quorum: tuple[int, ...] = ()
    security: BrokerSecurity | None = None

    @property
    def folder(self) -> Path:
        """Everything of the broker: properties, and the log segments below `logs`."""
        return self.data / name_node(self.node)

    @property
    def voters(self) -> str:
        """Every broker as `node@host:port` of its controller; each one votes."""
        return list_voters(self.quorum or (self.controller_port,))

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
        """Give the broker's folder the id of its cluster, unless it has one; 2 s.

        Raises:
            BrokerError: Kafka's own tool refused; its words follow.
        """
        if (self.folder / "logs" / "meta.properties").exists():
            return
        self.write_properties()
        cluster = find_cluster(self.data, len(self.quorum) or 1) or name_cluster()
        arguments = ["format", "--config", str(self.properties), "--cluster-id", cluster]
        arguments += self.security.scram_arguments() if self.security else ()
        done = self._run_tool("kafka.tools.StorageTool", [*arguments, "--ignore-formatted"])
        if done.returncode:
            words = (done.stderr or done.stdout).strip()[-2000:]
            raise BrokerError(f"cannot prepare {self.folder} for Kafka; if it may go, delete it: {words}")

    def _run_tool(self, tool: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run one of Kafka's tools; what it is told stands in a private file, not in the process list."""
        told = self.folder / "tool.arguments"
        told.touch(mode=0o600)
        quoted = (escape_argument(one) for one in (tool, *arguments))
        told.write_text("\n".join(quoted), encoding="utf-8")
        command = [*self.java(128), f"@{told}"]
        try:
            return subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=FORMAT_TIMEOUT_S
            )
        finally:
            told.unlink()

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


SINGLE_NODE_TOPICS: Final[dict[str, str | int]] = {
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
    # An idle controller writes that nothing happened: at the default of 500 for 2.3 % of a core, not 1.4.
    "metadata.max.idle.interval.ms": 5_000,
}


def list_properties(settings: BrokerSettings) -> dict[str, str | int]:
    """The broker's properties by name.

    Small on purpose: internal topics of one partition or few, because each costs files and start time,
    and a log cleaner whose default buffer of 128 MB would take a third of the heap.
    """
    client, controller = f"{LOOPBACK}:{settings.port}", f"{LOOPBACK}:{settings.controller_port}"
    return {
        **SINGLE_NODE_TOPICS,
        **copied(len(settings.quorum) or 1),
        "process.roles": "broker,controller",
        "node.id": settings.node,
        "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{client}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        VOTERS: settings.voters,
        # A broker that was killed is refused by its own controller until its old session has run out.
        "broker.session.timeout.ms": 4_000,
        "broker.heartbeat.interval.ms": 1_000,
        "log.dirs": str(settings.folder / "logs"),
        "auto.create.topics.enable": "false",
        **(settings.security.properties(client, controller) if settings.security else {}),
    }


def escape_property(value: str | int) -> str:
    r"""A value as `java.util.Properties` reads it back: backslashes doubled, other letters than ASCII as \u.

    >>> escape_property("/tmp/Küche")
    '/tmp/K\\u00fcche'
    """
    units = str(value).replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)


def escape_argument(value: str) -> str:
    """An argument as Java reads it from a file of arguments: quoted, quotes and backslashes escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def name_cluster() -> str:
    """A new cluster id as Kafka writes it: 16 random bytes in URL-safe base64 without padding."""
    name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return name if not name.startswith("-") else f"A{name[1:]}"


def why_not_ready(bootstrap: Address, node: int | None = None) -> str | None:
    """What keeps a broker from serving these clients; None when nothing does.

    Asks for at most 15 s; a closed port is told at once.

    Args:
        bootstrap: one address or several with commas between them, of which one must answer.
        node: the broker that must serve; any unless told.
    """
    try:
        with (
            reached(bootstrap),
            KafkaAdminClient(
                **client_options(bootstrap),
                bootstrap_timeout_ms=ANSWER_TIMEOUT_MS,
                request_timeout_ms=ANSWER_TIMEOUT_MS,
            ) as admin,
        ):
            brokers = admin.describe_cluster()["brokers"]
    except BrokerRefusedError as error:
        return str(error)
    except BrokerAwayError:
        return f"no answer at {bootstrap}"
    serving = {broker["broker_id"] for broker in brokers if not broker.get("is_fenced")}
    return None if (node in serving if node else serving) else f"{bootstrap} is starting"
