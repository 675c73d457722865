"""The Kafka producer of frames and status messages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from kafka import KafkaProducer
from kafka.errors import (
    AuthorizationError,
    BrokerResponseError,
    KafkaError,
    KafkaTimeoutError,
    NetworkExceptionError,
    NotEnoughReplicasAfterAppendError,
    RequestTimedOutError,
    RetriableError,
)

from capture.publish.camera_status import Outcome
from lake.config.kafka_address import Address, client_options
from lake.contracts.wire_format import MAX_MESSAGE_BYTES
from lake.kafka.client import BrokerAwayError, check_connection, translate_error

LOG: Final = logging.getLogger("capture.publish.kafka_producer")
DELIVERY_MS: Final = 8_000
REQUEST_MS: Final = 5_000
BLOCK_MS: Final = 2_000
CONNECT_TIMEOUT_S: Final = 2.0

Done = Callable[[Outcome, str], None]
"""Called once, from another thread, with the outcome of a message and a reason."""


@dataclass(frozen=True, slots=True)
class Message:
    """Message for the broker: topic, key, value, headers."""

    topic: str
    key: str
    value: bytes
    headers: list[tuple[str, bytes]]


class Broker(Protocol):
    """Connection to a broker; every call may block for some seconds."""

    def connect(self) -> None:
        """Connect to the broker.

        Raises:
            BrokerAwayError: nobody answers, or it refuses.
        """
        ...

    def send(self, message: Message, done: Done) -> None:
        """Hand a message over; `done` is called with its outcome.

        Raises:
            BrokerAwayError: it was not handed over; `done` will not be called.
        """
        ...

    def close(self, timeout: float) -> None:
        """Close the connection; messages in flight get `timeout` seconds."""
        ...


MAYBE_WRITTEN_ERRORS: Final = (NetworkExceptionError, NotEnoughReplicasAfterAppendError, RequestTimedOutError)


def outcome_of(error: BaseException) -> Outcome:
    """Return the outcome of a delivery error: the broker's own answers are certain, others in doubt."""
    if isinstance(error, AuthorizationError):
        return Outcome.REFUSED
    if not isinstance(error, BrokerResponseError) or isinstance(error, MAYBE_WRITTEN_ERRORS):
        return Outcome.UNKNOWN
    return Outcome.RETURNED if isinstance(error, RetriableError) else Outcome.FAILED


class KafkaBroker:
    """Producer of kafka-python with short timeouts; few frames go in at a time: its buffer has no bound.

    It never resends by itself: a frame is written once or is in doubt. Its idempotent mode, which resends
    safely, left every frame undecided for as long as the broker was away.
    """

    def __init__(self, server: Address) -> None:
        """Use the broker or brokers at `server`, from `connect` on."""
        self._server = server
        self._producer: KafkaProducer | None = None
        # it logs every failed attempt; the publisher logs it once
        logging.getLogger("kafka").setLevel(logging.CRITICAL)

    def connect(self) -> None:
        """Connect; a producer is created only if something listens, since a failed one costs 5 s."""
        check_connection(self._server, CONNECT_TIMEOUT_S)
        try:
            self._producer = KafkaProducer(
                **client_options(self._server),
                client_id="pycturestream-capture",
                acks="all",
                enable_idempotence=False,
                retries=0,
                bootstrap_timeout_ms=REQUEST_MS,
                max_block_ms=BLOCK_MS,
                request_timeout_ms=REQUEST_MS,
                delivery_timeout_ms=DELIVERY_MS,
                reconnect_backoff_max_ms=1_000,
                max_request_size=MAX_MESSAGE_BYTES,
                batch_size=1024 * 1024,
                linger_ms=0,
            )
        except KafkaError as error:
            raise translate_error(error, self._server) from error

    def send(self, message: Message, done: Done) -> None:
        """Hand a message to the producer's own thread."""
        if self._producer is None:
            raise BrokerAwayError("not connected; connect first")
        key = message.key.encode()
        try:
            future = self._producer.send(message.topic, message.value, key, message.headers)
        except KafkaTimeoutError as error:
            raise BrokerAwayError(
                f"the broker at {self._server} knows no topic {message.topic!r} ({error}); is it starting?"
            ) from error
        except (KafkaError, ValueError) as error:
            done(Outcome.FAILED, f"refused: {error}")
            return
        future.add_callback(lambda _: done(Outcome.ACKNOWLEDGED, ""))
        future.add_errback(lambda error: done(outcome_of(error), self._reason(error, message.topic)))

    def _reason(self, error: Exception, topic: str) -> str:
        is_refused = outcome_of(error) is Outcome.REFUSED
        return str(translate_error(error, self._server, f"topic {topic}") if is_refused else error)

    def close(self, timeout: float) -> None:
        """Close the producer, if any; with messages in flight it ends when they have expired."""
        producer: Any = self._producer
        self._producer = None
        if producer is None:
            return
        try:
            producer.close(timeout)
        except KafkaTimeoutError:
            closer = threading.Thread(
                target=_close_late, args=(producer,), name="producer-close", daemon=True
            )
            closer.start()


def _close_late(producer: Any) -> None:
    """Close a producer whose messages are in flight; otherwise its thread would stay forever."""
    try:
        producer.close(2 * DELIVERY_MS / 1000)
    except KafkaTimeoutError as error:
        LOG.warning("a producer could not be closed (%s); its thread stays until the agent ends", error)
