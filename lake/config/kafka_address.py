"""Address and login of Kafka: the one place that words them for kafka-python and for Spark.

A broker without security is a bare `host:port` and so a string; one with it is a `Kafka`. Whatever opens a
client takes either and asks `client_options` or `spark_options`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

SCRAM: Final = "SCRAM-SHA-512"
SASL_SSL: Final = "SASL_SSL"
SCRAM_MODULE: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


@dataclass(frozen=True, slots=True)
class KafkaLogin:
    """User of a broker that is reached over TLS.

    Attributes:
        user: as the broker's access rules name it, without `User:`.
        password: never part of a text about this login.
        ca: PEM file with the certificates that the broker's must descend from; None: those of the system.
    """

    user: str
    password: str = field(repr=False)
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Kafka:
    """One or more brokers and the login to them.

    Attributes:
        servers: host:port, several parted by commas.
        login: None where the brokers take everybody in plaintext.
    """

    servers: str
    login: KafkaLogin | None = None

    def __str__(self) -> str:
        """Return the servers alone, for messages."""
        return self.servers


Address: TypeAlias = Kafka | str


def as_kafka(address: Address) -> Kafka:
    """Return the address as `Kafka`; a string is a broker without security."""
    return Kafka(address) if isinstance(address, str) else address


def client_options(address: Address) -> dict[str, Any]:
    """Return the keyword arguments shared by all kafka-python clients.

    >>> client_options("127.0.0.1:9092")
    {'bootstrap_servers': '127.0.0.1:9092'}
    """
    kafka = as_kafka(address)
    if kafka.login is None:
        return {"bootstrap_servers": kafka.servers}
    return {
        "bootstrap_servers": kafka.servers,
        "security_protocol": SASL_SSL,
        "sasl_mechanism": SCRAM,
        "sasl_plain_username": _saslname(kafka.login.user),
        "sasl_plain_password": kafka.login.password,
        "ssl_cafile": None if kafka.login.ca is None else str(kafka.login.ca),
    }


def spark_options(address: Address) -> dict[str, str]:
    """Return options of Spark's Kafka source and sink; Spark redacts the one with the password.

    The authority's certificates go along as text: an executor on another machine has not the file.

    >>> spark_options("127.0.0.1:9092")
    {'kafka.bootstrap.servers': '127.0.0.1:9092'}
    """
    kafka = as_kafka(address)
    options = {"kafka.bootstrap.servers": kafka.servers}
    if kafka.login is None:
        return options
    options |= {
        "kafka.security.protocol": SASL_SSL,
        "kafka.sasl.mechanism": SCRAM,
        "kafka.sasl.jaas.config": jaas_line(kafka.login),
    }
    if kafka.login.ca is not None:
        certificates = kafka.login.ca.read_text("utf-8")
        options |= {"kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.certificates": certificates}
    return options


def jaas_line(login: KafkaLogin) -> str:
    r"""Return the JAAS line for Java's login module, with special characters escaped.

    >>> print(jaas_line(KafkaLogin("ann", 'a"b\\c')).partition(" ")[2])
    required username="ann" password="a\"b\\c";
    """
    user, password = login.user.translate(ESCAPES), login.password.translate(ESCAPES)
    return f'{SCRAM_MODULE} required username="{user}" password="{password}";'


def _saslname(user: str) -> str:
    """Return the user as SCRAM sends it; kafka-python does not escape its field separators."""
    return user.replace("=", "=3D").replace(",", "=2C")
