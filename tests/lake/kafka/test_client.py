"""The first contact with a broker, and how its refusals and its absence are worded."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from kafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from lake.config.kafka_address import Kafka, KafkaLogin
from lake.kafka.client import (
    BrokerAwayError,
    BrokerRefusedError,
    check_connection,
    check_visible,
    translate_error,
)
from tests.certificates import Authority
from tests.faults.secured import StrangeDoor

HERE = Kafka("kafka.example:9093", KafkaLogin("ann", "secret"))
CURE = "give it the rights that ./pycturestream kafka acls lists"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            SaslAuthenticationFailedError("Authentication failed"),
            "Kafka at kafka.example:9093 refuses the login of user 'ann':"
            " correct PYCTURESTREAM_KAFKA_USER or PYCTURESTREAM_KAFKA_PASSWORD",
        ),
        (
            UnsupportedSaslMechanismError(),
            "Kafka at kafka.example:9093 takes no SCRAM-SHA-512: switch it on there for this listener",
        ),
        (
            TopicAuthorizationFailedError({"b", "a"}),
            f"Kafka at kafka.example:9093 forbids user 'ann' topic a, topic b: {CURE}",
        ),
        (
            ClusterAuthorizationFailedError(),
            f"Kafka at kafka.example:9093 forbids user 'ann' what this program does: {CURE}",
        ),
    ],
)
def test_a_refusal_is_a_sentence_with_user_place_and_cure(error: Exception, sentence: str) -> None:
    found = translate_error(error, HERE)
    assert (type(found), str(found)) == (BrokerRefusedError, sentence)


def test_whatever_else_goes_wrong_is_an_absent_broker() -> None:
    found = translate_error(KafkaTimeoutError("nothing came"), HERE)
    said = "no Kafka answers at kafka.example:9093: is it running? (KafkaTimeoutError: nothing came)"
    assert (type(found), str(found)) == (BrokerAwayError, said)


def test_a_topic_that_a_secured_broker_does_not_show_is_told_and_an_open_one_has_none_such() -> None:
    check_visible("kafka.example:9092", ["frames"], [])
    check_visible(HERE, ["frames"], ["frames", "others"])
    with pytest.raises(
        BrokerRefusedError, match=r"forbids user 'ann' topic frames: .*, or make what is missing$"
    ):
        check_visible(HERE, ["frames", "seen"], ["seen"])


@pytest.mark.parametrize(
    ("host", "days", "signer", "reason"),
    [
        ("127.0.0.1", -1, "known", "certificate has expired): renew it"),
        ("127.0.0.1", 1, "other", "unable to get local issuer certificate): name the file of the authority"),
        (
            "localhost",
            1,
            "known",
            "Hostname mismatch, certificate is not valid for 'localhost'.): use a name",
        ),
    ],
)
def test_a_certificate_that_is_not_trusted_is_told_with_its_reason(
    tmp_path: Path, host: str, days: int, signer: str, reason: str
) -> None:
    authorities = {name: Authority(tmp_path, name) for name in ("known", "other")}
    with StrangeDoor(authorities[signer].sign("broker.pem", days=days)) as door:
        address = f"{host}:{door.address.rpartition(':')[2]}"
        with pytest.raises(BrokerRefusedError) as refused:
            check_connection(Kafka(address, KafkaLogin("ann", "secret", authorities["known"].file)))
        assert door.came == 1
    known = authorities["known"].file
    assert str(refused.value).startswith(
        f"the certificate of Kafka at {address} is not trusted by {known} ({reason}"
    )


def test_one_broker_of_several_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_connection(f"127.0.0.1:1, 127.0.0.1:{server.getsockname()[1]}")
    with pytest.raises(BrokerAwayError, match=r"no Kafka answers at 127\.0\.0\.1:1,127\.0\.0\.1:2"):
        check_connection("127.0.0.1:1,127.0.0.1:2")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # kafka-python's sockets
def test_a_broker_that_hangs_up_during_the_login_twice_refuses_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "known")
    with StrangeDoor(authority.sign("broker.pem")) as door:
        with pytest.raises(BrokerRefusedError, match="refuses the login of user 'ann'"):
            check_connection(Kafka(door.address, KafkaLogin("ann", "secret", authority.file)))
        assert door.came == 4
