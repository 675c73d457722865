"""Connection check of Kafka, and its errors in words: one sentence each, with the cure.

kafka-python repeats a refused login again and again, and tells nobody why. So whoever opens a client knocks
first, which tries to log in exactly once.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from kafka.errors import (
    AuthorizationError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from lake.config.kafka_address import SCRAM, Address, Kafka, as_kafka, client_options

CONNECT_S: Final = 5.0
REFUSED_AFTER_S: Final = 30.0
"""Seconds until what was refused is tried again: people give rights, and brokers log each attempt."""

CURES: Final = {
    "expired": "renew it",
    "mismatch": "use a name in PYCTURESTREAM_KAFKA that it carries",
}
"""Word of OpenSSL's reason → what to do about a broker's certificate."""
OTHER_CURE: Final = "name the file of the authority that signed it in PYCTURESTREAM_KAFKA_CA"


class BrokerAwayError(ConnectionError):
    """The broker does not answer."""


class BrokerRefusedError(BrokerAwayError):
    """The broker refuses, or is not the one it claims to be; only people can change that."""


def check_connection(address: Address, timeout_s: float = CONNECT_S) -> None:
    """Check that a broker answers and accepts the login; tries the servers one by one.

    Without security a mere connection has to do, which is far cheaper than a client's start.

    Raises:
        BrokerRefusedError: the login, or the broker's certificate, is wrong.
        BrokerAwayError: nobody listens, or what listens does not answer as Kafka does.
    """
    kafka = as_kafka(address)
    trouble: BrokerAwayError | None = None
    for server in kafka.servers.split(","):
        try:
            _connect(Kafka(server.strip(), kafka.login), timeout_s)
        except (KafkaError, OSError) as error:
            trouble = trouble if isinstance(trouble, BrokerRefusedError) else translate_error(error, kafka)
        else:
            return
    if trouble is not None:
        raise trouble


def _connect(kafka: Kafka, timeout_s: float) -> None:
    """Connect, and log in if there is a login.

    Kafka hangs up on whom it refuses, and kafka-python misses the words before where they come at once with
    that. A broker that hung up because it ends is no longer there to be looked at.
    """
    _check_tls(kafka, timeout_s)
    if kafka.login is None:
        return
    try:
        _log_in(kafka, timeout_s)
    except KafkaConnectionError:
        _check_tls(kafka, timeout_s)
        try:
            _log_in(kafka, timeout_s)
        except KafkaConnectionError as error:
            raise SaslAuthenticationFailedError("hung up on, twice") from error


def _check_tls(kafka: Kafka, timeout_s: float) -> None:
    """Open and close one connection, with TLS up to the broker's certificate.

    kafka-python forgets to close its own where there is nobody, or one who is not trusted.
    """
    host, _, port = kafka.servers.rpartition(":")
    host = host.strip("[]")
    with socket.create_connection((host, int(port)), timeout_s) as connection:
        if kafka.login is not None:
            context = ssl.create_default_context(cafile=kafka.login.ca)
            context.wrap_socket(connection, server_hostname=host).close()


def _log_in(kafka: Kafka, timeout_s: float) -> None:
    """Open and close one connection with its handshake and login."""
    selector = NetworkSelector()
    manager = KafkaConnectionManager(selector, **client_options(kafka))
    try:
        (node,) = manager.cluster.bootstrap_brokers()
        connection = manager.get_connection(
            node.node_id, timeout_ms=timeout_s * 1000, pop_on_close=False, refresh_metadata_on_err=False
        )
        manager.run(_wait_open, connection)
    finally:
        manager.close()
        selector.close()


async def _wait_open(connection: Any) -> None:
    await connection


@contextmanager
def kafka_errors(address: Address) -> Iterator[None]:
    """Check the connection first, since clients retry for seconds, and translate Kafka errors raised within.

    Raises:
        BrokerRefusedError: the broker refuses; waiting does not help.
        BrokerAwayError: nobody listens, or what listens does not answer as Kafka does.
    """
    check_connection(address)
    try:
        yield
    except (KafkaError, OSError) as error:
        raise translate_error(error, address) from error


def translate_error(error: Exception, address: Address, topic: str | None = None) -> BrokerAwayError:
    """Translate an error of Kafka's client into one sentence without a secret.

    Args:
        error: as kafka-python raised it.
        address: where it happened.
        topic: what it was about, where the error does not say.
    """
    if isinstance(error, BrokerAwayError):
        return error
    kafka = as_kafka(address)
    if why := _refusal(error, kafka, topic):
        return BrokerRefusedError(why)
    return BrokerAwayError(f"no Kafka answers at {kafka}: is it running? ({error})")


def _refusal(error: Exception, kafka: Kafka, topic: str | None) -> str | None:
    if isinstance(error, SaslAuthenticationFailedError):
        return login_refused(kafka)
    if isinstance(error, UnsupportedSaslMechanismError):
        return f"Kafka at {kafka} takes no {SCRAM}: switch it on there for this listener"
    if isinstance(error, AuthorizationError):
        return forbidden(kafka, topic or _format_error_topics(error))
    return (
        _certificate_refused(kafka, error.verify_message)
        if isinstance(error, ssl.SSLCertVerificationError)
        else None
    )


def login_refused(address: Address) -> str:
    """Return the message for a user or password that is not accepted."""
    kafka = as_kafka(address)
    user = f"user {kafka.login.user!r}" if kafka.login else "a user without one"
    cure = "correct PYCTURESTREAM_KAFKA_USER or PYCTURESTREAM_KAFKA_PASSWORD"
    return f"Kafka at {kafka} refuses the login of {user}: {cure}"


def forbidden(address: Address, resource: str) -> str:
    """Return the message for missing rights on a resource, for example `topic results`."""
    kafka = as_kafka(address)
    user = f"user {kafka.login.user!r}" if kafka.login else "a user without a login"
    cure = "give it the rights that ./pycturestream kafka acls lists"
    return f"Kafka at {kafka} forbids {user} {resource or 'what this program does'}: {cure}"


def check_visible(address: Address, topics: Iterable[str], visible: Collection[str]) -> None:
    """Refuse topics hidden by a secured broker, which looks the same as if they were missing.

    Raises:
        BrokerRefusedError: there are such.
    """
    hidden = sorted(set(topics) - set(visible))
    if hidden and as_kafka(address).login is not None:
        raise BrokerRefusedError(f"{forbidden(address, format_topics(hidden))}, or make what is missing")


def format_topics(topics: Iterable[str]) -> str:
    """Format topics as part of a sentence.

    >>> format_topics(["b", "a"])
    'topic a, topic b'
    """
    return ", ".join(f"topic {name}" for name in sorted(topics))


def _format_error_topics(error: Exception) -> str:
    """Format the topics that a kafka-python error carries as a set."""
    named = error.args[0] if error.args else ()
    return format_topics(named) if isinstance(named, set | frozenset) else ""


def _certificate_refused(kafka: Kafka, reason: str) -> str:
    """Return the message for an untrusted certificate; the reason is in OpenSSL's words."""
    ca = kafka.login.ca if kafka.login and kafka.login.ca else "this system's authorities"
    cure = next((cure for word, cure in CURES.items() if word in reason), OTHER_CURE)
    return f"the certificate of Kafka at {kafka} is not trusted by {ca} ({reason}): {cure}"
