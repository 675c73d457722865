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
from lake.kafka.client import BrokerAwayError, BrokerRefusedError, kafka_errors
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
    """Settings of one embedded broker, and its files and commands.

    Attributes:
        port: clients connect here, on loopback.
        controller_port: the controller listens here, on loopback.
        data: data folder of the installation; the broker's own is `kafka` below it.
        jars: folder of the provisioned Kafka jars.
        java_home: folder of a Java >= 17.
        heap_mb: most heap in MiB.
        node: number of the broker in the cluster, from 1.
        quorum: controller ports of all brokers of the cluster, in order; empty for a single broker.
        security: TLS, users and access rules; None accepts everybody on this machine.
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
        """Folder of the broker: properties, and the log segments below `logs`."""
        return self.data / name_node(self.node)

    @property
    def voters(self) -> str:
        """Voters: every broker as `node@host:port` of its controller."""
        return list_voters(self.quorum or (self.controller_port,))

    @property
    def properties(self) -> Path:
        """Properties file that the broker is started with."""
        return self.folder / "server.properties"

    def write_properties(self) -> Path:
        """Write the configuration of the broker and of its log; equal settings write equal bytes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={escape_property(value)}\n" for name, value in list_properties(self).items()]
        self.properties.write_text("".join(lines), encoding="ascii")
        self.log4j.write_text(LOG4J, encoding="ascii")
        return self.properties

    @property
    def log4j(self) -> Path:
        """Configuration of the broker's log: warnings and the start message, to standard output."""
        return self.folder / "log4j2.properties"

    def format_storage(self) -> None:
        """Format the broker's folder with the id of its cluster, unless it is formatted; takes 2 s.

        Raises:
            BrokerError: Kafka's own tool failed; the message ends with its output.
        """
        if (self.folder / "logs" / "meta.properties").exists():
            return
        self.write_properties()
        cluster = find_cluster(self.data, len(self.quorum) or 1) or name_cluster()
        arguments = ["format", "--config", str(self.properties), "--cluster-id", cluster]
        arguments += self.security.scram_arguments() if self.security else ()
        result = self._run_tool("kafka.tools.StorageTool", [*arguments, "--ignore-formatted"])
        if result.returncode:
            output = (result.stderr or result.stdout).strip()[-2000:]
            raise BrokerError(f"cannot prepare {self.folder} for Kafka; if it may go, delete it: {output}")

    def _run_tool(self, tool: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run one of Kafka's tools, with its arguments in a private file, not in the process list."""
        arguments_file = self.folder / "tool.arguments"
        arguments_file.touch(mode=0o600)
        quoted = (escape_argument(argument) for argument in (tool, *arguments))
        arguments_file.write_text("\n".join(quoted), encoding="utf-8")
        command = [*self.java(128), f"@{arguments_file}"]
        try:
            return subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=FORMAT_TIMEOUT_S
            )
        finally:
            arguments_file.unlink()

    def command(self) -> list[str]:
        """Return the command that runs the broker in the foreground; SIGTERM stops it cleanly."""
        return [*self.java(self.heap_mb), "kafka.Kafka", str(self.properties)]

    def java(self, heap_mb: int) -> list[str]:
        """Return the Java command with the options common to the broker and its tools."""
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
    # An idle controller writes no-op records: at the default of 500 this takes 2.3 % of a core, not 1.4.
    "metadata.max.idle.interval.ms": 5_000,
}


def list_properties(settings: BrokerSettings) -> dict[str, str | int]:
    """Return the broker's properties by name.

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
        # A killed broker is refused by its own controller until its old session has expired.
        "broker.session.timeout.ms": 4_000,
        "broker.heartbeat.interval.ms": 1_000,
        "log.dirs": str(settings.folder / "logs"),
        "auto.create.topics.enable": "false",
        **(settings.security.properties(client, controller) if settings.security else {}),
    }


def escape_property(value: str | int) -> str:
    r"""Escape a value for `java.util.Properties`: backslashes doubled, non-ASCII characters as \u.

    >>> escape_property("/tmp/Küche")
    '/tmp/K\\u00fcche'
    """
    units = str(value).replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)


def escape_argument(value: str) -> str:
    """Quote an argument for a Java argument file, with quotes and backslashes escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def name_cluster() -> str:
    """Return a new cluster id in Kafka's format: 16 random bytes in URL-safe base64 without padding."""
    name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return name if not name.startswith("-") else f"A{name[1:]}"


def why_not_ready(bootstrap: Address, node: int | None = None) -> str | None:
    """Return why a broker does not serve these clients, or None.

    Waits at most 15 s, or not at all for a closed port.

    Args:
        bootstrap: one address or several with commas between them, of which one must answer.
        node: the broker that must serve; any by default.
    """
    try:
        with (
            kafka_errors(bootstrap),
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
