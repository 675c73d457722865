"""The first contact with Kafka, and what its refusals mean: one sentence each, with its cure.

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
    """The broker answers and refuses, or is not the one it says: people must change something."""


def check_connection(address: Address, timeout_s: float = CONNECT_S) -> None:
    """See whether a broker is there and takes the login; asks one server after the other until one does.

    Without security a mere connection has to do, which is far cheaper than a client's start.

    Raises:
        BrokerRefusedError: the login, or the broker's certificate, is wrong.
        BrokerAwayError: nobody listens, or what listens does not answer as Kafka does.
    """
    kafka = as_kafka(address)
    trouble: BrokerAwayError | None = None
    for server in kafka.servers.split(","):
        try:
            _greet(Kafka(server.strip(), kafka.login), timeout_s)
        except (KafkaError, OSError) as error:
            trouble = trouble if isinstance(trouble, BrokerRefusedError) else explained(error, kafka)
        else:
            return
    if trouble is not None:
        raise trouble


def _greet(kafka: Kafka, timeout_s: float) -> None:
    """Look who is there, and log in where one must.

    Kafka hangs up on whom it refuses, and kafka-python misses the words before where they come at once with
    that. A broker that hung up because it ends is no longer there to be looked at.
    """
    _look_at(kafka, timeout_s)
    if kafka.login is None:
        return
    try:
        _log_in(kafka, timeout_s)
    except KafkaConnectionError:
        _look_at(kafka, timeout_s)
        try:
            _log_in(kafka, timeout_s)
        except KafkaConnectionError as error:
            raise SaslAuthenticationFailedError("hung up on, twice") from error


def _look_at(kafka: Kafka, timeout_s: float) -> None:
    """One connection, with a login as far as the broker's certificate, closed at once.

    kafka-python forgets to close its own where there is nobody, or one who is not trusted.
    """
    host, _, port = kafka.servers.rpartition(":")
    host = host.strip("[]")
    with socket.create_connection((host, int(port)), timeout_s) as connection:
        if kafka.login is not None:
            context = ssl.create_default_context(cafile=kafka.login.ca)
            context.wrap_socket(connection, server_hostname=host).close()


def _log_in(kafka: Kafka, timeout_s: float) -> None:
    """One connection with its handshake and login, closed at once."""
    selector = NetworkSelector()
    manager = KafkaConnectionManager(selector, **client_options(kafka))
    try:
        (node,) = manager.cluster.bootstrap_brokers()
        connection = manager.get_connection(
            node.node_id, timeout_ms=timeout_s * 1000, pop_on_close=False, refresh_metadata_on_err=False
        )
        manager.run(_opened, connection)
    finally:
        manager.close()
        selector.close()


async def _opened(connection: Any) -> None:
    await connection


@contextmanager
def reached(address: Address) -> Iterator[None]:
    """Knock, since a client that finds nobody tries for seconds, and word what Kafka's client raises within.

    Raises:
        BrokerRefusedError: the broker refuses; waiting does not help.
        BrokerAwayError: nobody listens, or what listens does not answer as Kafka does.
    """
    check_connection(address)
    try:
        yield
    except (KafkaError, OSError) as error:
        raise explained(error, address) from error


def explained(error: Exception, address: Address, topic: str | None = None) -> BrokerAwayError:
    """What an error of Kafka's client means, as one sentence without a secret.

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
        return forbidden(kafka, topic or _topics_in(error))
    return (
        _distrusted(kafka, error.verify_message) if isinstance(error, ssl.SSLCertVerificationError) else None
    )


def login_refused(address: Address) -> str:
    """What to say where a user or a password is not taken."""
    kafka = as_kafka(address)
    user = f"user {kafka.login.user!r}" if kafka.login else "a user without one"
    cure = "correct PYCTURESTREAM_KAFKA_USER or PYCTURESTREAM_KAFKA_PASSWORD"
    return f"Kafka at {kafka} refuses the login of {user}: {cure}"


def forbidden(address: Address, what: str) -> str:
    """What to say where a user lacks rights on `what`, for example `topic results`."""
    kafka = as_kafka(address)
    user = f"user {kafka.login.user!r}" if kafka.login else "a user without a login"
    cure = "give it the rights that ./pycturestream kafka acls lists"
    return f"Kafka at {kafka} forbids {user} {what or 'what this program does'}: {cure}"


def check_seen(address: Address, topics: Iterable[str], seen: Collection[str]) -> None:
    """Tell of topics that a secured broker does not show, which it does for a missing one just so.

    Raises:
        BrokerRefusedError: there are such.
    """
    hidden = sorted(set(topics) - set(seen))
    if hidden and as_kafka(address).login is not None:
        raise BrokerRefusedError(f"{forbidden(address, topics_named(hidden))}, or make what is missing")


def topics_named(topics: Iterable[str]) -> str:
    """The topics as part of a sentence.

    >>> topics_named(["b", "a"])
    'topic a, topic b'
    """
    return ", ".join(f"topic {name}" for name in sorted(topics))


def _topics_in(error: Exception) -> str:
    """The topics that an error of kafka-python carries as a set."""
    named = error.args[0] if error.args else ()
    return topics_named(named) if isinstance(named, set | frozenset) else ""


def _distrusted(kafka: Kafka, reason: str) -> str:
    """What to say where a certificate is not taken; the reason is in OpenSSL's words."""
    ca = kafka.login.ca if kafka.login and kafka.login.ca else "this system's authorities"
    cure = next((cure for word, cure in CURES.items() if word in reason), OTHER_CURE)
    return f"the certificate of Kafka at {kafka} is not trusted by {ca} ({reason}): {cure}"
