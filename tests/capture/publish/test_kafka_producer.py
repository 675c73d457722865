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

from capture.publish.camera_status import Outcome
from capture.publish.kafka_producer import KafkaBroker, outcome_of
from lake.kafka.client import BrokerAwayError, check_connection


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (KafkaTimeoutError("expired"), Outcome.UNKNOWN),
        (KafkaConnectionError("reset"), Outcome.UNKNOWN),
        (RequestTimedOutError(), Outcome.UNKNOWN),
        (OSError("reset"), Outcome.UNKNOWN),
        (NotLeaderForPartitionError(), Outcome.RETURNED),
        (MessageSizeTooLargeError(), Outcome.FAILED),
        (TopicAuthorizationFailedError(), Outcome.REFUSED),
    ],
)
def test_only_the_brokers_own_answer_is_certain(error, outcome):
    assert outcome_of(error) is outcome


def test_a_closed_port_is_an_absent_broker_named_in_the_error():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        check_connection(address)
    with pytest.raises(BrokerAwayError, match=f"no Kafka answers at {address}"):
        KafkaBroker(address).connect()


def test_one_broker_of_the_list_that_listens_is_enough_wherever_it_stands():
    with socket.create_server(("127.0.0.1", 0)) as server:
        listening = f"127.0.0.1:{server.getsockname()[1]}"
        check_connection(f"127.0.0.1:1,{listening}")
        check_connection(f"{listening},127.0.0.1:1")
    with pytest.raises(BrokerAwayError, match=f"no Kafka answers at 127.0.0.1:1, {listening}"):
        check_connection(f"127.0.0.1:1, {listening}")
