"""The minimal rights of each program on a secured Kafka, and the user it logs in as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from lake.config.kafka_address import Address, client_options
from lake.contracts.wire_format import FRAMES_TOPIC, OUTCOMES_TOPIC, RESULTS_TOPIC, STATUS_TOPIC, TOPICS
from lake.kafka.client import kafka_errors
from stack.kafka.probe import SCRATCH
from stack.programs.kafka_users import ADMIN, BATCH, RESULTS
from stack.programs.programs import CAPTURE, DASHBOARD, STREAM

READ, WRITE, DESCRIBE = ACLOperation.READ, ACLOperation.WRITE, ACLOperation.DESCRIBE
KEEP: Final = (ACLOperation.CREATE, DESCRIBE, ACLOperation.ALTER, ACLOperation.ALTER_CONFIGS)
PROBED_OPERATIONS: Final = (ACLOperation.CREATE, ACLOperation.DELETE, READ, WRITE)
Rights = Mapping[str, tuple[ACLOperation, ...]]
"""Topic, or prefix of topics if it ends in `*` → operations. Reading and writing include describing."""

RIGHTS: Final[Mapping[str, Rights]] = {
    CAPTURE: {FRAMES_TOPIC: (WRITE,), STATUS_TOPIC: (WRITE,)},
    STREAM: {
        FRAMES_TOPIC: (READ,),
        RESULTS_TOPIC: (READ, WRITE),
        OUTCOMES_TOPIC: (READ, WRITE),
        STATUS_TOPIC: (READ,),
    },
    BATCH: dict.fromkeys(TOPICS, (DESCRIBE,)),
    DASHBOARD: {
        FRAMES_TOPIC: (READ,),
        RESULTS_TOPIC: (READ,),
        STATUS_TOPIC: (READ,),
        OUTCOMES_TOPIC: (DESCRIBE,),
    },
    RESULTS: {RESULTS_TOPIC: (READ,)},
    ADMIN: {**dict.fromkeys(TOPICS, KEEP), f"{SCRATCH}*": PROBED_OPERATIONS},
}
"""Program → rights. `batch` is Airflow with its jobs; `admin` is `up`, `status` and `doctor`."""


TOOL: Final = '--bootstrap-server "$KAFKA" --command-config admin.properties'


class RightsError(RuntimeError):
    """The broker refused access rules; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights of one user on one topic.

    Attributes:
        program: that uses the login.
        user: without `User:`.
        topic: its name, or a prefix of names if `prefixed`.
        prefixed: whether all topics with this prefix are meant.
        operations: as Kafka names them.
    """

    program: str
    user: str
    topic: str
    prefixed: bool
    operations: tuple[ACLOperation, ...]

    @property
    def pattern(self) -> ACLResourcePatternType:
        """Return whether Kafka reads the topic literally or as a prefix."""
        return ACLResourcePatternType.PREFIXED if self.prefixed else ACLResourcePatternType.LITERAL

    @property
    def words(self) -> list[str]:
        """Return the operations as people write them."""
        return [
            "".join(part.capitalize() for part in operation.name.split("_")) for operation in self.operations
        ]

    @property
    def topics(self) -> str:
        """Return the topic, or `prefix*`."""
        return f"{self.topic}*" if self.prefixed else self.topic

    def command(self) -> str:
        """Return the command of Kafka's own tool that adds these rights."""
        operations = " ".join(f"--operation {word}" for word in self.words)
        kind = f"--topic {self.topic} --resource-pattern-type {self.pattern.name.lower()}"
        return (
            f"kafka-acls.sh {TOOL} --add --allow-principal {quote(f'User:{self.user}')} {operations} {kind}"
        )

    def acls(self) -> Iterator[ACL]:
        """Yield these rights for Kafka's client."""
        resource = ResourcePattern(ResourceType.TOPIC, self.topic, self.pattern)
        for operation in self.operations:
            yield ACL(f"User:{self.user}", "*", operation, ACLPermissionType.ALLOW, resource)


def list_grants(users: Mapping[str, str]) -> list[Grant]:
    """List the rights that every program needs.

    Args:
        users: program → its user, for all programs.
    """
    return [
        Grant(program, users[program], topic.rstrip("*"), topic.endswith("*"), operations)
        for program, rights in RIGHTS.items()
        for topic, operations in rights.items()
    ]


def add_rights(address: Address, grants: Iterable[Grant]) -> int:
    """Add the rules, as an administrator; existing ones stay. Return their number.

    Raises:
        BrokerAwayError: the broker is away, or refuses the login.
        RightsError: it refuses a rule.
    """
    acls = [acl for grant in grants for acl in grant.acls()]
    with kafka_errors(address), KafkaAdminClient(**client_options(address)) as admin:
        result = admin.create_acls(acls)
    if result["failed"]:
        reasons = ", ".join(sorted({error.message for error in result["failed"]}))
        raise RightsError(
            f"Kafka at {address} refused {len(result['failed'])} of {len(acls)} rules ({reasons}):"
            " log in as one who may alter the cluster, or have its operator run what --commands prints"
        )
    return len(acls)
