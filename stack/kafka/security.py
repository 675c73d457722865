"""Security of the embedded broker: TLS, SCRAM users and access rules."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lake.config.kafka_address import SASL_SSL, SCRAM, SCRAM_MODULE

ITERATIONS: Final = 8192


@dataclass(frozen=True, slots=True)
class BrokerSecurity:
    """Keys and users of a secured broker.

    Attributes:
        keys: PEM file with the broker's private key and its chain of certificates.
        ca: PEM file with the certificates that sign brokers.
        subject: distinguished name of the broker's certificate, by which it authenticates to itself.
        administrator: the super user, whom no rule restricts.
        users: name → password; created at the first start.
    """

    keys: Path
    ca: Path
    subject: str
    administrator: str
    users: Mapping[str, str] = field(repr=False)

    def properties(self, client: str, controller: str) -> dict[str, str]:
        """Return the broker's security properties, which override those of an open one.

        Args:
            client: host:port for everybody.
            controller: host:port of the controller, which requires the broker's certificate.
        """
        listener = SASL_SSL.lower()
        return {
            "listeners": f"{SASL_SSL}://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"{SASL_SSL}://{client}",
            "listener.security.protocol.map": f"{SASL_SSL}:{SASL_SSL},CONTROLLER:SSL",
            "inter.broker.listener.name": SASL_SSL,
            "sasl.enabled.mechanisms": SCRAM,
            "sasl.mechanism.inter.broker.protocol": SCRAM,
            f"listener.name.{listener}.{SCRAM.lower()}.sasl.jaas.config": f"{SCRAM_MODULE} required;",
            "listener.name.controller.ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.keys),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{self.subject};User:{self.administrator}",
        }

    def scram_arguments(self) -> Iterator[str]:
        """Yield arguments of Kafka's storage tool that create the users, with salted and hashed passwords."""
        for user, password in self.users.items():
            salt = secrets.token_bytes(16)
            salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
            values = {"name": user, "iterations": str(ITERATIONS)}
            values |= {"salt": _base64(salt), "saltedpassword": _base64(salted)}
            pairs = ",".join(f'{name}="{value}"' for name, value in values.items())
            yield from ("--add-scram", f"{SCRAM}=[{pairs}]")


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
