"""A Kafka with TLS, users and access rules: what each program may do, and how each takes a refusal."""

from __future__ import annotations

import gc
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka.net.connection import KafkaConnection
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from benchmarks.support.running.programs import wait_for
from capture.publish.backoff import Backoff
from capture.publish.camera_status import Outcome
from capture.results.consumer import follow
from dashboards.data.feed import Feed
from jobs.stream.kafka_errors import refusal_reason
from jobs.stream.kafka_source import read_stream
from lake.config.kafka_address import Kafka
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import FRAMES_TOPIC, RESULTS_TOPIC, STATUS_TOPIC
from lake.kafka.broker import first_appended, offsets, offsets_at, topic_ids
from stack.kafka.probe import round_trip, topics_that_differ
from tests.certificates import Authority
from tests.faults.refused_programs import LOOKED_S, PROGRAMS, batch, capture, dashboard, results, stream
from tests.faults.secured import CANARY, SecuredBroker, StrangeDoor, door_to, running_secured_broker
from tests.faults.working_programs import answer_frames, cameras_seen, send

pytestmark = [pytest.mark.system, pytest.mark.spark]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    with running_secured_broker(tmp_path_factory.mktemp("secured")) as started:
        yield started


# every program on its own rights


def test_each_program_works_with_its_own_rights_alone(
    secured: SecuredBroker, spark: SparkSession, tmp_path: Path
) -> None:
    began = utc_now()
    assert send(secured.login("capture"), FRAMES_TOPIC, STATUS_TOPIC) == [Outcome.ACKNOWLEDGED] * 2
    plan = answer_frames(spark, secured.login("stream"), tmp_path)
    assert "kafka.sasl.jaas.config=*********(redacted)" in plan
    assert CANARY not in plan
    seen = follow(
        secured.login("results"), Backoff(random.random), time.sleep, pytest.fail, from_beginning=True
    )
    assert json.loads(next(seen)) == {"camera_id": "door"}
    seen.close()
    assert cameras_seen(secured.login("dashboard")) == ["door"]
    jobs = secured.login("batch")
    assert list(topic_ids(jobs, [FRAMES_TOPIC])) == [FRAMES_TOPIC]
    ends = {part: last for part, (_, last) in offsets(jobs, FRAMES_TOPIC).items()}
    assert sum(ends.values()) == 1
    now = utc_now()
    assert offsets_at(jobs, FRAMES_TOPIC, [now]) == {now: ends}
    assert first_appended(jobs, FRAMES_TOPIC) >= began.replace(microsecond=0)
    assert topics_that_differ(secured.login("admin")) == []
    round_trip(secured.login("admin"))


# refusals: one sentence, one attempt


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_wrong_password_is_told_in_a_sentence_and_not_tried_again_and_again(
    secured: SecuredBroker, program: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with door_to(secured.login("stream", "wr0ng" + CANARY)) as (door, broker):
        assert program(broker, monkeypatch) == [
            f"Kafka at {broker} refuses the login of user 'stream':"
            " correct PYCTURESTREAM_KAFKA_USER or PYCTURESTREAM_KAFKA_PASSWORD"
        ]
        assert door.came in (2, 4), "the certificate and a login; twice where the words are missed"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_broker_of_an_unknown_authority_is_not_spoken_to(
    secured: SecuredBroker, program: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other").file
    with door_to(secured.login("stream", ca=other)) as (door, broker):
        assert program(broker, monkeypatch) == [
            f"the certificate of Kafka at {broker} is not trusted by {other} (unable to get local issuer"
            " certificate): name the file of the authority that signed it in PYCTURESTREAM_KAFKA_CA"
        ]
        assert door.came == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_broker_whose_certificate_has_expired_is_not_spoken_to(
    secured: SecuredBroker, program: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StrangeDoor(secured.authority.sign("expired.pem", days=-1)) as door:
        broker = Kafka(door.address, secured.login("stream").login)
        assert program(broker, monkeypatch) == [
            f"the certificate of Kafka at {broker} is not trusted by {secured.authority.file}"
            " (certificate has expired): renew it"
        ]
        assert door.came == 1


CURE = "give it the rights that ./pycturestream kafka acls lists"


@pytest.mark.parametrize(
    ("program", "user", "what"),
    [
        (capture, "results", "topic pycturestream"),
        (capture, "batch", "topic pycturestream"),
        (
            stream,
            "dashboard",
            "READ on topic frame-outcomes, WRITE on topic frame-outcomes, WRITE on topic resultstream",
        ),
        (stream, "capture", "topic frame-outcomes, topic resultstream"),
        (results, "batch", "topic resultstream"),
    ],
)
def test_a_forbidden_topic_is_told_in_a_sentence(
    secured: SecuredBroker, program: Callable, user: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = program(secured.login(user), monkeypatch)
    assert said == [f"Kafka at {secured.address} forbids user '{user}' {what}: {CURE}"]


def test_the_live_page_names_a_topic_that_it_may_not_read(
    secured: SecuredBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    (said,) = dashboard(secured.login("batch"), monkeypatch)
    known = f"Kafka at {secured.address} forbids user 'batch' topic "
    assert said in [f"{known}{name}: {CURE}" for name in (FRAMES_TOPIC, RESULTS_TOPIC, STATUS_TOPIC)]


@pytest.mark.parametrize("program", [batch, dashboard, results])
def test_a_topic_that_is_hidden_may_also_be_missing(
    secured: SecuredBroker, program: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = "capture" if program is results else "results"
    (said,) = program(secured.login(user), monkeypatch)
    assert said.startswith(f"Kafka at {secured.address} forbids user '{user}' topic ")
    assert said.endswith(f": {CURE}, or make what is missing")


# Spark, which asks by itself


def test_spark_ends_a_query_that_is_refused_and_the_reason_is_a_sentence(
    secured: SecuredBroker, spark: SparkSession, tmp_path: Path
) -> None:
    with door_to(secured.login("stream", "wr0ng" + CANARY)) as (door, broker):
        error = failing_query(spark, broker, tmp_path / "login")
        assert refusal_reason(error, broker) == (
            f"Kafka at {broker} refuses the login of user 'stream':"
            " correct PYCTURESTREAM_KAFKA_USER or PYCTURESTREAM_KAFKA_PASSWORD"
        )
        assert CANARY not in error
        assert door.came <= 60, "Spark asks 18 times, a second apart, and then no more"
    error = failing_query(spark, secured.login("batch"), tmp_path / "topic")
    assert refusal_reason(error, secured.address) == (
        f"Kafka at {secured.address} forbids a user without a login topic pycturestream: {CURE}"
    )


def failing_query(spark: SparkSession, broker: Kafka, folder: Path) -> str:
    """The exception of a query that counts frames."""
    writer = read_stream(spark, broker, FRAMES_TOPIC).writeStream.format("noop")
    query = writer.option("checkpointLocation", str(folder)).start()
    wait_for("end of the query", lambda: not query.isActive, 60)
    return str(query.exception())


def test_spark_ends_a_query_that_may_not_write_its_answers(
    secured: SecuredBroker, spark: SparkSession, tmp_path: Path
) -> None:
    assert send(secured.login("capture"), FRAMES_TOPIC) == [Outcome.ACKNOWLEDGED]
    with pytest.raises(StreamingQueryException) as failed:
        answer_frames(spark, secured.login("dashboard"), tmp_path)
    assert refusal_reason(str(failed.value), secured.login("dashboard")) == (
        f"Kafka at {secured.address} forbids user 'dashboard' WRITE on any topic: {CURE}"
    )
    assert CANARY not in str(failed.value)


# a login that is lost while a program runs


def lose_login(feed: Feed, secured: SecuredBroker, tried: list[float]) -> None:
    wait_for("feed that hears", lambda: feed.state()["trouble"] is None, 20)
    secured.forget("dashboard")
    secured.program.stop()
    secured.start()
    refusal = "refuses the login of user 'dashboard'"
    wait_for("refusal", lambda: refusal in str(feed.state()["trouble"]), 30)
    told = time.monotonic()
    time.sleep(LOOKED_S)
    assert [moment for moment in tried if moment > told] == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # kafka-python's sockets
def test_a_running_program_stops_asking_once_its_login_is_no_longer_taken(
    secured: SecuredBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []
    log_in = KafkaConnection._sasl_authenticate

    async def counted(self: KafkaConnection, *arguments: object) -> object:
        tried.append(time.monotonic())
        return await log_in(self, *arguments)

    monkeypatch.setattr(KafkaConnection, "_sasl_authenticate", counted)
    feed = Feed(secured.login("dashboard"), utc_now)
    feed.start()
    try:
        lose_login(feed, secured, tried)
    finally:
        feed.stop()
        del feed
        gc.collect()  # here, where what kafka-python left open is no fault
