from __future__ import annotations

import socket

import pytest
from kafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotLeaderForPartitionError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
)

from capture.broker import BrokerAwayError, KafkaBroker, outcome_of, probe
from capture.status import Outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (KafkaTimeoutError("expired"), Outcome.UNKNOWN),
        (KafkaConnectionError("reset"), Outcome.UNKNOWN),
        (RequestTimedOutError(), Outcome.UNKNOWN),
        (OSError("reset"), Outcome.UNKNOWN),
        (NotLeaderForPartitionError(), Outcome.RETURNED),
        (MessageSizeTooLargeError(), Outcome.FAILED),
        (TopicAuthorizationFailedError(), Outcome.FAILED),
    ],
)
def test_only_the_brokers_own_answer_is_certain(error, outcome):
    assert outcome_of(error) is outcome


def test_a_closed_port_is_an_absent_broker_named_in_the_error():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        probe(address)
    with pytest.raises(BrokerAwayError, match=f"no broker answers at {address}"):
        KafkaBroker(address).connect()
